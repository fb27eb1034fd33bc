// Command site is a small conference site that goes read-only and comes back
// while it runs: the two-minute tour of Quiesce. Start it with
//
//	go run ./examples/site
//
// and follow what it prints, or the tour in its README. Its data is in a file of
// SQLite's, or on a server, PostgreSQL, MySQL or MariaDB; -copy-to moves it from one to
// another.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, sqlguard.Default())
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

// run serves the site until ctx is done, and then returns nil once the requests
// in flight are answered.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, guard *sqlguard.Guard) (err error) {
	cfg, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	switch {
	case cfg.copyTo != nil:
		return copyDatabase(ctx, cfg.db, *cfg.copyTo, stdout)
	case cfg.sums:
		return printSums(ctx, cfg.db, stdout)
	}
	if err := guard.Err(); err != nil {
		return err
	}
	// The address comes before the database: a second site that is started by
	// mistake finds it taken, and has touched nothing.
	listener, err := listen(ctx, cfg.addr)
	if err != nil {
		return err
	}
	defer listener.Close() // without effect where Shutdown has closed it

	logger := slog.New(slog.NewTextHandler(stderr, nil))
	guard.SetObserver(sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: logger}))
	data, err := openStore(ctx, cfg.db, guard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.db.Close()) }()

	if cfg.store != "" {
		leave, joinErr := joinFleet(ctx, cfg.store, guard, logger)
		if joinErr != nil {
			return joinErr
		}
		defer func() { err = errors.Join(err, leave()) }() // before the pool is closed
	}
	site, err := newSite(ctx, data, guard, cfg.token, logger)
	if err != nil {
		return err
	}
	printWelcome(stdout, siteURL(listener.Addr()), cfg, guard.State())
	return serve(ctx, listener, site, logger)
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("address %s is taken; choose another with -addr, such as -addr 127.0.0.1:0 for any free port", addr)
	case err != nil:
		return nil, fmt.Errorf("listen on the address given by -addr: %w", err)
	}
	return listener, nil
}

// shutdownTime is how long requests in flight may take once the site stops.
const shutdownTime = 5 * time.Second

func serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-failed // Serve has returned
	return err
}
