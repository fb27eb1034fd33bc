package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	fleetstore "github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// joinFleet makes the site a member of the fleet whose store has that DSN, so that the command quiesce can close it together
// with its fellows. It returns what is to be called once the last request has been answered.
func joinFleet(ctx context.Context, dsn string, guard *sqlguard.Guard, logger *slog.Logger) (leave func() error, err error) {
	s, err := fleetstore.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("-store: %w", err)
	}
	member, err := fleet.Join(context.WithoutCancel(ctx), guard, s, fleet.Config{Service: "site", Logger: logger})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		return errors.Join(member.Leave(ctx), s.Close())
	}, nil
}
