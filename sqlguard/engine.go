package sqlguard

// ReadOnlyEngine is a [Dialect] whose engine can be told to refuse writes by
// itself. So it judges what no text shows: a query that calls a function which
// nobody vouches for.
type ReadOnlyEngine interface {
	Dialect

	// ReadOnlyTexts returns the statements that tell the engine. It may be called
	// often, and by several goroutines.
	ReadOnlyTexts() ReadOnlyTexts
}

// ReadOnlyTexts are statements by which an engine is told to refuse writes. An
// engine has Begin, and perhaps Arm, or it has the switch.
type ReadOnlyTexts struct {
	// Begin begins a transaction in which the engine refuses every write, also those
	// that a function makes. It ends with ROLLBACK.
	Begin string
	// Arm does the same to the transaction that is open, at any time. What came before
	// is kept. A ROLLBACK TO SAVEPOINT may undo it. If empty, the engine cannot.
	Arm string

	// Switch is a query for one row with one number, which is not 0 while the
	// connection refuses writes; SwitchOn and SwitchOff change that. They are for
	// engines without Begin.
	Switch, SwitchOn, SwitchOff string
}

// SessionEngine is a [ReadOnlyEngine] whose engine can be told to refuse the writes of a whole session,
// whatever text they hide behind.
type SessionEngine interface {
	ReadOnlyEngine

	// SessionTexts returns the statements that tell it. It may be called often, and by
	// several goroutines.
	SessionTexts() SessionTexts
}

// SessionTexts tell an engine to refuse the writes of a session. What the application had set itself is
// remembered in the session, and put back.
type SessionTexts struct {
	// On has the engine refuse every write of the session's later transactions, and remembers what was
	// set before. It may be sent twice. If empty, the switch of [ReadOnlyTexts] does it, at once.
	On string
	// Off puts back what was set before On, and forgets it. Without an On before it, it changes nothing.
	Off string
	// Setting is the name under which the server reports the setting to clients that listen for it
	// (PostgreSQL's ParameterStatus), with the value on or off; empty if it does not.
	Setting string
	// Transactional says that a transaction that is rolled back takes back what was set in it. So On and Off
	// are sent outside of one only.
	Transactional bool
	// AtPrepare says that the engine then refuses to prepare what writes, too.
	AtPrepare bool
	// Touches reports whether a text that changes settings may change this one.
	Touches func(text string) bool
}

// FencedEngine is a [Dialect] whose database can hold a fence: what a transaction has to take
// before it writes. Whoever closes it waits until all that have taken it are over, and refuses all others, in
// the database itself, where neither a clock nor a process has to be trusted.
type FencedEngine interface {
	Dialect

	// FenceTexts returns the statements that take it. It may be called often, and by several
	// goroutines.
	FenceTexts() FenceTexts
}

// FenceTexts are the statements that take a fence until the end of the transaction. They wait for
// nobody. An error for which Closed is true, or the number [FenceClosed], means that it is closed.
type FenceTexts struct {
	// Begin begins a transaction that may write, and Commit commits it. They are for a statement
	// that comes outside of one.
	Begin, Commit string
	// Enter takes the fence first thing in a transaction, in this order, at any isolation level.
	Enter []string
	// Join takes it in a transaction in which something has run. If empty, it cannot be taken then.
	Join string
	// Number says that Enter and Join end in a query for one row with one number: FenceOpen, FenceClosed, or FenceManual.
	Number bool
	// Closed reports whether an error of the engine's says that the fence is closed.
	Closed func(error) bool

	// Probe are texts that change nothing and succeed in a transaction; outside of one, one of them fails with an
	// error for which Outside is true. They are for a connection on which something may have begun one
	// before anybody looked. If empty, what may write there is refused until it is certain that none is open.
	Probe   []string
	Outside func(error) bool
	// Free, if not empty, fails where Begin would undo what the session has outside of transactions.
	Free string

	// LetsGo, if not nil, reports whether a statement may end the transaction and change something
	// after that, or put off its end, although its verdict says neither that it commits nor what it does to the transaction.
	LetsGo func(*Verdict) bool
	// Alone, if not nil, reports whether an error of the engine's says that the statement runs in no transaction.
	Alone func(error) bool
}

// The numbers of a fence.
const (
	FenceOpen   = iota
	FenceClosed // or anything else
	FenceManual // open; and the session commits nothing by itself
)
