package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// config is what the command line says.
type config struct {
	addr  string
	db    string
	token string
}

// shortToken is the length below which a token that was made up on the spot may be
// guessed even within the few tries a minute that the control panel allows.
const shortToken = 8

// errUsage is a command line that cannot be obeyed. The flag package has
// already said on stderr what is wrong with it.
var errUsage = errors.New("usage")

func parseFlags(args []string, stderr io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8080", "listen on `host:port`; port 0 takes any free one")
	flags.StringVar(&cfg.db, "db", "", "keep the database in `file` (default: quiesce-site/site.db in your cache folder)")
	flags.StringVar(&cfg.token, "token", "", "the control panel's `token` (default: a random one, printed at start)")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "Usage: site [flags]\n\nA small conference site that stays up, read-only, on demand.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return cfg, err
		}
		return cfg, errUsage
	}
	if flags.NArg() > 0 {
		return cfg, fmt.Errorf("unexpected argument %q; the site takes flags only", flags.Arg(0))
	}
	return cfg, cfg.complete()
}

// complete checks the flags, and fills in what was left out.
func (c *config) complete() error {
	if c.addr == "" {
		return errors.New("-addr must be host:port, such as 127.0.0.1:8080")
	}
	if c.token == "" {
		c.token = rand.Text()
	}
	if c.token = strings.TrimSpace(c.token); c.token == "" {
		return errors.New("-token must not be blank")
	}
	if c.db != "" {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("no cache folder to keep the database in (%w); name a file with -db", err)
	}
	folder := filepath.Join(cache, "quiesce-site")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder for the database: %w; name another file with -db", err)
	}
	c.db = filepath.Join(folder, "site.db")
	return nil
}
