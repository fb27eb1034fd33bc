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
