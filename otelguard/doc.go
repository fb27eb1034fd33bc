// Package otelguard tells OpenTelemetry what a guard does: metrics of its modes, decisions,
// drains and lease, and an event on the span of a statement that was refused.
//
//	telemetry, err := otelguard.Start(otelguard.Config{Guard: guard, HTTP: []*httpmode.Middleware{modes}, Member: member})
//	…
//	defer telemetry.Stop()
//
// It is an observer beside the one that the guard has already, and starts no spans of its own. No
// text of a statement, and no value, is in anything that it tells.
//
// # Metrics
//
//	quiesce.mode                 gauge      0 off, 1 observe, 2 read-only
//	quiesce.epoch                gauge      changes of the guard's state
//	quiesce.overdue              gauge, s   how long ago the expected end was; 0 where it is not over
//	quiesce.decisions            counter    statements, by quiesce.decision (rejected, skipped, observed,
//	                                        bypassed, graced), db.system.name, db.operation.name, db.collection.name
//	quiesce.work.open            gauge      what a drain would wait for, by quiesce.work (transaction, statement)
//	quiesce.work.oldest          gauge, s   the age of the oldest of them; what began with the mode off is not timed
//	quiesce.work.unknown         gauge      statements whose outcome is unknown
//	quiesce.drain.duration       histogram, s   by quiesce.drain.result (drained, given_up)
//	quiesce.lease.remaining      gauge, s   of the fleet's lease; 0 where none is needed
//	quiesce.fleet.armed          gauge      1 while a lease is needed, else 0
//	quiesce.fleet.failing        gauge      1 if the last call of the fleet's store has failed, else 0
//	quiesce.fleet.alarm          gauge      1 if the fleet's member has an alarm, else 0
//	quiesce.unguarded.writers    gauge      sessions that the last verification saw writing
//	quiesce.unguarded.moved      gauge      tables that it saw written
//	quiesce.verification.failing gauge      1 if the last verification has failed, else 0
//	quiesce.http.answers         counter    by quiesce.outcome (passed, converted, refused, sign_in, bypassed)
//
// Those of the fleet are there if Config.Member is, the one of HTTP if Config.HTTP is, and those of a
// verification once there was one, by [Telemetry.Watch] or [Telemetry.Verified]. The attributes of the database are those of
// OpenTelemetry's semantic conventions, stable since 1.33; db.operation.name and db.collection.name
// become "_OTHER" for whatever is new once [Config.Names] of them were seen. A statement that writes several tables has no
// db.collection.name.
//
// # Unguarded writers
//
// What has no guard no guard can count. [Telemetry.Watch] asks the database itself, by package verify,
// while writing is closed; the command quiesce, which proves that writing is over, is no process that
// anybody scrapes. Run it in one process of a fleet, with a pool of its own that no guard wraps and an account that
// may see what others do.
//
// # Prometheus, Grafana
//
// The usual bridge, go.opentelemetry.io/otel/exporters/prometheus, serves them as quiesce_mode,
// quiesce_decisions_total, quiesce_drain_duration_seconds and so on. With it go
// grafana/dashboard.json and prometheus/alerts.yml, beside this file; package rulestest holds both to
// Prometheus's own engine.
//
// # With otelsql
//
// A guard and github.com/XSAM/otelsql wrap a driver in either order. If otelsql is outside, the
// event is on its span of the refused statement, which has the error. If the guard is outside, otelsql does not see what
// is refused, and the event is on the span of whoever ran the statement.
package otelguard
