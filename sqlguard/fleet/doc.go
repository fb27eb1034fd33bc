// Package fleet closes writing in all processes of a site at once, and says when the last
// write is over.
//
// A process joins with
//
//	member, err := fleet.Join(ctx, guard, store, fleet.Config{Service: "web"})
//
// and follows the fleet's mode from then on. An operator closes it with an [Operator], or with
// the command quiesce. The rest of this text is the protocol between them.
//
// # Records
//
// A store ([Coordinator]) holds one [Mode], which is changed by compare-and-swap on its epoch; one
// [Instance] for each process, with a lease that expires on the store's clock; and an audit log
// that is only appended to. What is known of the fleet is what is in the store: an operator's
// command may die at any time, and another goes on from there.
//
// # States
//
//	           Operator.Close                    every process is bound
//	┌──────┐   swap: arm       ┌───────┐         swap: close        ┌────────┐
//	│ open │ ────────────────→ │ armed │ ─────────────────────────→ │ closed │ ──┐ swap: cut
//	└──────┘                   └───────┘                            └────────┘ ←─┘
//	   ↑   one is lost, or too     │                                    │
//	   ├───── late: swap: open ────┘                                    │
//	   └────────────── Operator.Open: swap: open ──────────────────────┘
//
// In open a process writes as it likes, and needs no lease: when the store is down, nobody is
// stopped. In armed it writes only while its lease is valid. In closed it begins no write, and
// finishes, while its lease is valid, what it had begun.
//
// Arming is what makes closing safe. A process that is bound to the operation, which it says with
// a heartbeat, stops by itself when it hears nothing. One that is not would go on for ever, and nobody
// could know. So the fleet is closed only once all are bound, and if one cannot be reached it is
// opened again.
//
// # Rules
//
//  1. Trust window. A lease is trusted from the time before the heartbeat was sent, for the TTL less
//     a margin; never from the time of the answer. Both the monotonic clock and the wall clock are looked at, and the one that
//     shows more time elapsed counts, because the first stands still while a machine is suspended. ([sqlguard.Lease])
//  2. Admission. A statement or transaction is marked first, and then the mode is read. A flip sets the mode
//     first, and then reads the marks. ([sqlguard.Conn])
//  3. Commit. Each COMMIT looks at the lease again, and is refused if it has lapsed.
//  4. No revival. A lease that has lapsed closes writing, and all transactions that were open may only
//     roll back, under a new lease too. The store does not renew what has expired, and a process to which it says so ends its
//     lease and registers anew.
//  5. Acknowledging means drained, at an epoch: [sqlguard.Guard.Drain] has returned. Never "seen"; and it is taken
//     back as soon as the process follows another state, in case the store should forget that.
//  6. Start closed. A process does not write before its first registration, whose answer tells it the mode. And
//     armed opens nothing: a process that starts then, or whose lease has lapsed, stays closed until the operation
//     is over, because the store may have lost that the fleet is closed already.
//  7. Epochs never go back. The store takes one that is greater than each it finds in its records. A process that
//     is told a lower one, or another record of the same, keeps the stricter state, and raises an alarm.
//  8. Everybody is bound before the fleet is closed. A record that has expired without having been bound is
//     lost: it makes the operation fail, and stays until a person forgets it.
//  9. Waiting is over when in one consistent read, at one epoch, every record is drained, or
//     was bound to this operation and has expired, on the store's clock, for longer than the tail; and no
//     process is missing.
//  10. A process leaves only when it has drained, and writes no more afterwards.
//
// # Assumptions
//
// Two clocks do not drift apart by more than the margin in the time of a lease: with the defaults one
// second in 15. They need not show the same time. A statement that was sent has ended, on the
// server, after the tail at the latest, even if its client is gone: the tail is longer than the longest statement and the
// network's delay. PostgreSQL notices the end of a client in the middle of a statement only with
// client_connection_check_interval (version 14 and later); MariaDB does not.
//
// And a process is not stopped for longer than the tail between its last look at the lease and the
// sending of the statement: by SIGSTOP, a suspended machine, or a collector's pause. One that is may commit
// after wait has returned. What has been proved is therefore called "cooperative", and it does not
// speak of programs that have no guard. The level "verified" (package verify) looks at the database as well,
// and finds whoever writes at that time. What comes later only the database itself can stop.
//
// # The fence
//
// Where [Mode].Fence asks for it, guards take the fence of their database (package fence) for whatever may write, while
// the fleet is armed or closed: in open nobody pays for it, and no operator has it closed. That it may begin so late
// is due to arming:
//
//  1. A process says that it is bound only when all that it has open and may write has taken the fence
//     ([sqlguard.Guard.DrainUnfenced]), and what it has lost on the way in the 16 minutes before finds nobody any more: the
//     process has ended its session in the database, over another connection. One that leaves while the fleet is open ends it before
//     its record is taken out; if it cannot, the record stays (rule 8). From then on a process sends
//     nothing that writes but in a transaction that has the fence, whatever its clock and its lease say: the state asks for
//     it until a later one is heard of, and a process that is stopped hears of none.
//  2. What a text has begun without anybody's looking is not known to be open. Before it can be committed, the fence is taken in it.
//  3. The fleet is closed only once all are bound (rule 8), so that no process is left of which that is not true.
//  4. Then the operator waits as ever (rule 9), and closes the fence, which waits for whoever has taken it, or ends them: these are of processes
//     that have fallen silent, for all others have drained.
//  5. Whatever is sent later asks for the fence first, and is refused by the database, until an operator opens it: in the next
//     operation, when it is armed, at a greater epoch.
//  6. In closed, only what a rule of the policy or a bypass lets through writes, without the fence: who allows that has excepted it.
//
// No step asks how late it is. Two assumptions are left. One is that a process that a person has had forgotten ([Coordinator], Forget) is gone indeed, for it
// may never have heard that there is a fence. The other is that what was sent without the fence, and lost on the way, is over after the tail
// where nobody ends its session. These are: sessions behind a pooler, which are not the database's; those of a driver that does not know them
// (driver.Config.Session), of a connection to MySQL or MariaDB that was taken from its pool before the fence was enabled, or that its program has not given back; those of
// a process that has died before the fleet was armed, or has left before the fence was enabled, which are known to nobody; those that were begun under another role, or on
// another server than the one that new connections lead to; and what was lost 16 minutes before, or before the 4,096 last losses. A network
// holds nothing back for that long, but a statement may run, or wait for a lock, in the server: the level verified finds it at that.
//
// # Failures
//
//	the store is down while open         nothing stops; a process that starts stays closed
//	the store is down while armed        writing closes in each process with its lease
//	the store is down while closed       it stays closed; wait waits, and then says which calls fail
//	the store loses its last epoch       processes stay as strict as they were; the next swap takes a higher one
//	a process is killed while open       its record expires, and is lost: quiesce instances forget
//	a process is killed once bound       its record expires, and after the tail nobody waits for it
//	a process is cut off                 the same; it closes by itself, and joins again when it can
//	a process cannot drain               wait names it and its work; cut has it roll back
//	a process cannot leave               its record stays, and expires: as if it were killed
//	the operator's command is killed     the fleet stays as it is; quiesce wait or quiesce off goes on
//	the expected end passes              an alarm in each process; nothing opens by itself
//
// # Defaults
//
// TTL 15 s, heartbeat 4 s, margin 1 s, tail 5 s. While an operator waits, heartbeats come
// every second.
//
// The tests of the package run this code in virtual time, with messages that are lost or late,
// cut networks, killed and stopped processes, drifting clocks and a store that forgets; and show for each
// rule, also of the fence, that without it rows are committed after wait has returned.
package fleet
