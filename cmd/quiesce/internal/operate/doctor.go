package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// Examining is what doctor is asked for.
type Examining struct {
	Target
	Databases []string
}

// Doctor looks whether the fleet could be closed tonight. It changes nothing. If anything is not well the
// error is [ErrNotWell].
func Doctor(ctx context.Context, d Deps, in Examining) (out DoctorOut, err error) {
	databases, err := openDatabases(in.Databases)
	if err != nil {
		return out, err
	}
	defer closeDatabases(databases)
	s, _, err := d.open(ctx, in.Target)
	switch {
	case errors.As(err, new(UsageError)):
		return out, err
	case err != nil:
		out.add(false, err.Error(), "without its store nobody can close the fleet; processes that start now stay closed")
		return out, because(ctx, ErrNotWell)
	}
	defer s.Close()
	out.add(true, "the store "+s.String()+" answers, and its tables are of this version", "")
	snapshot, err := s.List(ctx)
	if err != nil {
		return out, because(ctx, err)
	}
	out.clocks(d.Now(), snapshot.Now)
	out.fleet(snapshot)
	if len(databases) == 0 {
		out.add(false, "no database was named", "name it with --database, so that wait can reach the level verified, and its privileges are tried now")
	}
	for _, database := range databases {
		out.database(ctx, s, snapshot, database)
	}
	if slices.ContainsFunc(out.Checks, func(c Check) bool { return !c.OK }) {
		return out, because(ctx, ErrNotWell)
	}
	return out, nil
}

func (o *DoctorOut) add(ok bool, what, do string) {
	o.Checks = append(o.Checks, Check{ok, what, do})
}

// note adds what is well enough, and good to know.
func (o *DoctorOut) note(what, do string) { o.add(true, what, do) }

// clocks compares the time here with the store's, which is the one that counts.
func (o *DoctorOut) clocks(here, store time.Time) {
	skew := here.Sub(store).Abs().Round(time.Millisecond)
	if skew > 5*time.Second {
		o.add(false, fmt.Sprintf("the clock here is %s off the store's", skew),
			"nothing depends on it but the times that --until and the status show; still, one of them is wrong")
		return
	}
	o.add(true, "the clocks here and of the store agree", "")
}

// fleet looks at the records of the processes.
func (o *DoctorOut) fleet(s fleet.Snapshot) {
	if s.Mode.State != fleet.Open {
		o.add(false, "the fleet is "+describe(s.Mode), "quiesce off opens it, if nobody is at work")
	} else {
		o.add(true, fmt.Sprintf("the fleet is open (epoch %d)", s.Mode.Epoch), "")
	}
	if len(s.Instances) == 0 {
		o.add(false, "no process is registered", "does the site call fleet.Join, with this store?")
		return
	}
	versions := map[string]int{}
	for _, p := range s.AssessClosed(s.Mode.Op, fleet.Terms{}).Positions {
		versions[p.Version]++
		switch {
		case p.Standing == fleet.Lost:
			o.add(false, p.String(), fmt.Sprintf("if it is certain that it is no more: quiesce instances forget %s --reason \"…\"; until then the fleet cannot be closed", p.ID))
		case p.Standing == fleet.Foreign:
			o.add(false, p.String(), "deploy the same version of this module everywhere first")
		case p.Alarm != "":
			o.add(false, p.ID+": "+p.Alarm, "")
		}
	}
	o.add(true, fmt.Sprintf("%d processes are registered", len(s.Instances)), "")
	if len(versions) > 1 {
		var names []string
		for v, n := range versions {
			names = append(names, fmt.Sprintf("%d of %q", n, v))
		}
		slices.Sort(names)
		o.add(false, "there are several versions of the program: "+strings.Join(names, ", "), "a deployment under way? Let it end before the fleet is closed")
	}
}

// database tries what the level verified needs.
func (o *DoctorOut) database(ctx context.Context, s *store.Store, snapshot fleet.Snapshot, database Database) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	v, err := database.verifier(ctx, s, 0, time.Second)
	if err != nil {
		o.add(false, fmt.Sprintf("the %s database: %v", database.dialect, err), "")
		return
	}
	report, err := v.Verify(ctx)
	var privilege *verify.PrivilegeError
	switch {
	case errors.As(err, &privilege):
		o.add(false, fmt.Sprintf("the %s database: %v", database.dialect, err), privilege.Grant)
		return
	case err != nil:
		o.add(false, fmt.Sprintf("the %s database: %v", database.dialect, err), "")
		return
	}
	o.add(true, fmt.Sprintf("the %s database %s can be looked at", database.dialect, strings.Join(report.Databases, ", ")), "")
	o.within(ctx, v, snapshot, database)
}

// examination is one of a database that can be looked at.
type examination struct {
	database Database
	mode     fleet.Mode
	clients  []verify.Client // of others
}

// within looks at who is connected to a database, what they may, and what the fence needs.
func (o *DoctorOut) within(ctx context.Context, v *verify.Verifier, snapshot fleet.Snapshot, database Database) {
	database.db.SetMaxOpenConns(1) // so that no session of this command's own is among the clients
	e := examination{database: database, mode: snapshot.Mode}
	var self string
	var err error
	if e.clients, err = v.Clients(ctx); err == nil {
		switch database.dialect {
		case verify.Postgres:
			self, err = o.postgres(ctx, e)
		case verify.MySQL:
			self, err = o.mysql(ctx, e)
		default:
			o.fence(ctx, e.mode, database)
		}
	}
	if err != nil {
		o.add(false, fmt.Sprintf("the %s database: %s", database.dialect, firstLine(err.Error())), "")
		return
	}
	o.clients(e.clients, hostsOf(ctx, snapshot.Instances), self)
}

// Always marks what is printed also where the command fails.
func (o DoctorOut) Always() bool { return len(o.Checks) > 0 }
