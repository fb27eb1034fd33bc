package fleet

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Defaults of a [Config].
const (
	DefaultTTL       = 15 * time.Second
	DefaultHeartbeat = 4 * time.Second
	DefaultMargin    = time.Second
)

// Config says who a process is, and how long it is trusted. Only Service is required.
type Config struct {
	// Service names what the process is part of: "web", "worker". Required.
	Service string
	// Instance names the process among all of its fleet. If empty, a name that no other process
	// has is made of the host's name, the process id, and a random text; a process that was killed then leaves a
	// record which an operator has to remove before the next closing. Whoever sets it vouches that the
	// process which had this name before is no more, as the name of a pod of a StatefulSet does.
	Instance string
	// Version is shown to operators. If empty, it is the version that was built, or its revision.
	Version string

	// TTL is for how long the store may count on the process after a heartbeat: how long closing
	// waits for one that has fallen silent. If zero, [DefaultTTL].
	TTL time.Duration
	// Heartbeat is the time between two heartbeats, and how long one may take. If zero,
	// [DefaultHeartbeat], or a fourth of TTL if that is less. Two must fit into TTL − Margin.
	Heartbeat time.Duration
	// Margin is by how much sooner than the store the process takes its lease for lapsed, for
	// clocks that do not run equally fast. If zero, [DefaultMargin], or a fifteenth of TTL if that is less.
	Margin time.Duration

	// Hold is the name under which the guard holds what the fleet asks for. If empty, "fleet". Two members that
	// share a guard need two names, or each would undo what the other holds.
	Hold string
	// Logger is told of the store's outages and alarms. If nil, [slog.Default].
	Logger *slog.Logger
}

// complete returns cfg with its defaults, or an error that names the field.
func (cfg Config) complete() (Config, error) {
	cfg.TTL = cmp.Or(cfg.TTL, DefaultTTL)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, min(DefaultHeartbeat, cfg.TTL/4))
	cfg.Margin = cmp.Or(cfg.Margin, min(DefaultMargin, cfg.TTL/15))
	cfg.Hold = cmp.Or(cfg.Hold, "fleet")
	cfg.Version = cmp.Or(cfg.Version, built())
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Instance == "" {
		host, _ := os.Hostname()
		cfg.Instance = fmt.Sprintf("%.80s-%d-%.6s", cmp.Or(host, "host"), os.Getpid(), rand.Text())
	}
	switch {
	case cfg.Service == "":
		return cfg, fmt.Errorf("fleet: the field Config.Service must not be empty")
	case cfg.Margin < 0 || cfg.Margin >= cfg.TTL:
		return cfg, fmt.Errorf("fleet: the field Config.Margin must be positive and less than TTL (%s), not %s", cfg.TTL, cfg.Margin)
	case cfg.Heartbeat <= 0 || 2*cfg.Heartbeat > cfg.TTL-cfg.Margin:
		return cfg, fmt.Errorf("fleet: the field Config.Heartbeat must be positive and at most half of TTL − Margin (%s), not %s",
			(cfg.TTL-cfg.Margin)/2, cfg.Heartbeat)
	case len(cfg.Hold) > 64:
		return cfg, fmt.Errorf("fleet: the field Config.Hold must be at most 64 bytes, not %d", len(cfg.Hold))
	}
	return cfg, nil
}

// record returns the record that a process registers.
func (cfg Config) record(guard *sqlguard.Guard) Instance {
	host, _ := os.Hostname()
	return Instance{
		ID: cfg.Instance, Service: cfg.Service, Version: fmt.Sprintf("%.*s", maxName, cfg.Version),
		Host: fmt.Sprintf("%.*s", maxName, host), PID: os.Getpid(), Protocol: Protocol,
		TTL: cfg.TTL, Tail: guard.Tail(),
	}
}

// built returns the version of the program, or its revision.
func built() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return fmt.Sprintf("%.12s", s.Value)
		}
	}
	return ""
}
