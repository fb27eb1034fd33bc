package check

import "io"

// source is where texts come from.
type source interface {
	// next returns the texts that are there without waiting for more, at least
	// one. After the last it returns io.EOF; any other error ends the source as well.
	next() ([]item, error)
}

// order says how the answers of a source hang together.
type order uint8

const (
	apart   order = iota // each text is judged for itself
	session              // in turn, as the statements of one session
	sorted               // for themselves, and then sorted
)

// open returns the source of an input.
func open(input, name string, in io.Reader, d *dialect) (src source, how order, err error) {
	switch input {
	case "jsonl":
		return newJSONL(name, in), apart, nil
	case "pg_stat_statements":
		src, err = newStatements(name, in)
		return src, sorted, err
	}
	src, err = newScript(name, in, d)
	return src, session, err
}
