//lint:file-ignore SA1019 The deprecated interfaces count as well.

// Package interfaces is the table of what a guarded driver makes of each interface
// of database/sql/driver. The tests of package driver and of its adapters hold
// guarded values to it; nothing else uses it.
package interfaces

import (
	"database/sql/driver"
	"fmt"
	"io"
	"reflect"
	"slices"
)

// Rule is when a guarded value has an interface.
type Rule int

const (
	// PassedOn is for what is never wrapped: the driver's or the caller's own value is used.
	PassedOn Rule = iota
	// Wrapped is for what each value of its kind is: the guard has a type of its own for it.
	Wrapped
	// Exactly is for what would change the behaviour of database/sql if it were
	// invented or hidden: it is given exactly when the driver has it.
	Exactly
	// Always is for what is given in any case, and does without the driver's what
	// database/sql does without it.
	Always
	// WithLegacy is for what is given if the driver has it, or its form without a context.
	WithLegacy
	// BesideContext is for a form without a context: it is given beside the one with a
	// context, and answers ErrSkip where the driver lacks it.
	BesideContext
	// AtLeast is for what is given if the driver has it, and may be without: then it
	// says what database/sql says without it.
	AtLeast
)

// Kind is a kind of value that database/sql asks for its interfaces.
type Kind int

// The kinds of values.
const (
	Driver Kind = 1 << iota
	Connector
	Conn
	Stmt
	Tx
	Rows
)

// Interface is an interface and what was decided on it.
type Interface struct {
	Name string
	Type reflect.Type
	// Methods are the methods and the interfaces that it consists of, by name, in order.
	Methods []string
	// Kinds are the values that database/sql asks for it.
	Kinds Kind
	Rule  Rule
	// Other is the form without a context, of one with the rule WithLegacy, or the
	// form with one, of one with the rule BesideContext.
	Other string
}

// of returns an entry of the table.
func of[T any](name string, kinds Kind, rule Rule, methods ...string) Interface {
	return Interface{Name: name, Type: reflect.TypeFor[T](), Methods: methods, Kinds: kinds, Rule: rule}
}

// Table has all interfaces of database/sql/driver, and io.Closer, for which
// database/sql asks a connector.
var Table = []Interface{
	of[driver.Driver]("Driver", Driver, Wrapped, "Open"),
	of[driver.DriverContext]("DriverContext", Driver, Always, "OpenConnector"),

	of[driver.Connector]("Connector", Connector, Wrapped, "Connect", "Driver"),
	of[io.Closer]("io.Closer", Connector, Exactly, "Close"),

	of[driver.Conn]("Conn", Conn, Wrapped, "Begin", "Close", "Prepare"),
	of[driver.Pinger]("Pinger", Conn, Always, "Ping"),
	of[driver.ConnPrepareContext]("ConnPrepareContext", Conn, Always, "PrepareContext"),
	of[driver.ConnBeginTx]("ConnBeginTx", Conn, Always, "BeginTx"),
	of[driver.SessionResetter]("SessionResetter", Conn, Exactly, "ResetSession"),
	of[driver.Validator]("Validator", Conn, Exactly, "IsValid"),
	of[driver.ExecerContext]("ExecerContext", Conn, WithLegacy, "ExecContext").other("Execer"),
	of[driver.QueryerContext]("QueryerContext", Conn, WithLegacy, "QueryContext").other("Queryer"),
	of[driver.Execer]("Execer", Conn, BesideContext, "Exec").other("ExecerContext"),
	of[driver.Queryer]("Queryer", Conn, BesideContext, "Query").other("QueryerContext"),

	of[driver.Stmt]("Stmt", Stmt, Wrapped, "Close", "Exec", "NumInput", "Query"),
	of[driver.StmtExecContext]("StmtExecContext", Stmt, Always, "ExecContext"),
	of[driver.StmtQueryContext]("StmtQueryContext", Stmt, Always, "QueryContext"),
	of[driver.ColumnConverter]("ColumnConverter", Stmt, Exactly, "ColumnConverter"),
	of[driver.NamedValueChecker]("NamedValueChecker", Conn|Stmt, Exactly, "CheckNamedValue"),

	of[driver.Tx]("Tx", Tx, Wrapped, "Commit", "Rollback"),

	of[driver.Rows]("Rows", Rows, Wrapped, "Close", "Columns", "Next"),
	of[driver.RowsNextResultSet]("RowsNextResultSet", Rows, AtLeast, "HasNextResultSet", "NextResultSet", "Rows"),
	of[driver.RowsColumnTypeScanType]("RowsColumnTypeScanType", Rows, AtLeast, "ColumnTypeScanType", "Rows"),
	of[driver.RowsColumnTypeDatabaseTypeName]("RowsColumnTypeDatabaseTypeName", Rows, AtLeast, "ColumnTypeDatabaseTypeName", "Rows"),
	of[driver.RowsColumnTypeLength]("RowsColumnTypeLength", Rows, AtLeast, "ColumnTypeLength", "Rows"),
	of[driver.RowsColumnTypeNullable]("RowsColumnTypeNullable", Rows, AtLeast, "ColumnTypeNullable", "Rows"),
	of[driver.RowsColumnTypePrecisionScale]("RowsColumnTypePrecisionScale", Rows, AtLeast, "ColumnTypePrecisionScale", "Rows"),

	of[driver.Result]("Result", 0, PassedOn, "LastInsertId", "RowsAffected"),
	of[driver.Value]("Value", 0, PassedOn),
	of[driver.Valuer]("Valuer", 0, PassedOn, "Value"),
	of[driver.ValueConverter]("ValueConverter", 0, PassedOn, "ConvertValue"),
}

func (i Interface) other(name string) Interface {
	i.Other = name
	return i
}

// Of returns the names of the interfaces of a kind that v has.
func Of(kind Kind, v any) (names []string) {
	for _, i := range Table {
		if i.Kinds&kind != 0 && reflect.TypeOf(v).Implements(i.Type) {
			names = append(names, i.Name)
		}
	}
	return names
}

// Check says what is wrong with the interfaces of guarded, a value of a kind that
// wraps inner: nothing, if it has those that the table says.
func Check(kind Kind, inner, guarded any) (wrong []string) {
	innerHas, guardedHas := Of(kind, inner), Of(kind, guarded)
	for _, i := range Table {
		if i.Kinds&kind == 0 {
			continue
		}
		want := i.wanted(innerHas, guardedHas)
		if got := slices.Contains(guardedHas, i.Name); got != want {
			wrong = append(wrong, fmt.Sprintf("has %s: %v, want %v", i.Name, got, want))
		}
	}
	return wrong
}

// wanted reports whether a guarded value must have i.
func (i Interface) wanted(inner, guarded []string) bool {
	has := slices.Contains(inner, i.Name)
	switch i.Rule {
	case Wrapped, Always:
		return true
	case WithLegacy:
		return has || slices.Contains(inner, i.Other)
	case BesideContext:
		return has || slices.Contains(inner, i.Other)
	case AtLeast:
		return has || slices.Contains(guarded, i.Name)
	}
	return has
}
