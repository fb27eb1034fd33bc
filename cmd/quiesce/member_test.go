package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// member is a process of a fleet, for the scripts: "member [flags] name". It makes the file ready-NAME once it
// has registered, and leaves when it is interrupted.
func member() {
	if err := runMember(); err != nil {
		fmt.Fprintln(os.Stderr, "member:", err)
		os.Exit(1)
	}
}

func runMember() error {
	busy := flag.Bool("busy", false, "a transaction is open all the time")
	vanish := flag.Bool("vanish", false, "end at once after registering, without leaving")
	observe := flag.Bool("observe", false, "note one write in observe mode")
	ttl := flag.Duration("ttl", 3*time.Second, "of the lease")
	flag.Parse()
	name := flag.Arg(0)
	ctx := context.Background()
	guard, err := sqlguard.New(sqlguard.Config{Tail: -1})
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, os.Getenv("QUIESCE_STORE"))
	if err != nil {
		return err
	}
	m, err := fleet.Join(ctx, guard, s, fleet.Config{Service: "web", Instance: name, Version: "v1", TTL: *ttl, Heartbeat: min(500*time.Millisecond, *ttl/4)})
	if err != nil {
		return err
	}
	if err := m.Ready(ctx); err != nil {
		return err
	}
	var conn sqlguard.Conn
	guard.Attach(&conn, dialect{})
	if *busy {
		conn.Begin(ctx)
	}
	if *observe {
		awaitMode(guard, sqlguard.Observe)
		guard.Decide(sqlguard.WithRoute(ctx, func() string { return "GET /talks/{id}" }, true), "sqlite", &sqlguard.Verdict{
			Class: sqlguard.Write, Op: sqlguard.OpUpdate, Complete: true, Tables: []sqlguard.Table{{Name: "talks"}}, Why: "writes rows",
		})
	}
	if err := os.WriteFile("ready-"+name, nil, 0o600); err != nil || *vanish {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	conn.Detach()
	return m.Leave(ctx)
}

// awaitMode waits until the guard is in a mode.
func awaitMode(guard *sqlguard.Guard, mode sqlguard.Mode) {
	changed, stop := guard.Subscribe()
	defer stop()
	for range changed {
		if guard.Mode() == mode {
			return
		}
	}
}

// dialect judges nothing.
type dialect struct{}

func (dialect) Name() string                     { return "none" }
func (dialect) Classify(string) sqlguard.Verdict { return sqlguard.Verdict{Op: sqlguard.OpUpdate} }
