package verify

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"slices"
	"strings"
)

// A Client is who has a session in the database, whatever it does.
type Client struct {
	PID         int64
	User        string
	Application string // application_name; PostgreSQL only
	// Host is an address, a name where the server looks names up, or "local" for who comes by a socket.
	Host string
}

// Clients returns the sessions of clients in the database of the connection, but this one: on MySQL those that have chosen no
// database as well, because they may name one. It returns none for SQLite, which has no sessions. An error is as those of
// [Verifier.Verify].
func (v *Verifier) Clients(ctx context.Context) (all []Client, err error) {
	conn, err := v.config.DB.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: connecting: %w", err)
	}
	defer conn.Close()
	switch e := v.engine.(type) {
	case *postgresEngine:
		err = eachPostgresSession(ctx, conn, func(s postgresSession) {
			if s.kind == "client backend" {
				all = append(all, Client{s.PID, s.User, s.Application, s.Client})
			}
		})
	case *mysqlEngine:
		all, err = e.clients(ctx, conn)
	}
	if err != nil {
		return nil, fmt.Errorf("verify: reading the sessions: %w", err)
	}
	return all, nil
}

func (e *mysqlEngine) clients(ctx context.Context, conn *sql.Conn) (all []Client, err error) {
	server, err := e.server(ctx, conn)
	if err != nil {
		return nil, err
	}
	err = eachProcess(ctx, conn, func(s mysqlSession) {
		own := s.User == "system user" || s.User == "event_scheduler" || strings.HasPrefix(s.command, "Binlog Dump") || s.command == "Daemon"
		if own || s.Database != "" && !slices.Contains(server.databases, s.Database) {
			return
		}
		host := s.Client
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		all = append(all, Client{s.PID, s.User, "", host})
	})
	return all, err
}
