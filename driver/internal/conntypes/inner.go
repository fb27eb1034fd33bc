package conntypes

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
)

// inner is a kind of value of the drivers that the tests wrap, with a type for each
// combination of its optional interfaces. Each type embeds two interfaces, one of the
// combinations of one half of them each: n combinations need 2√n interfaces more, and no
// list of methods.
type inner struct {
	name, arg    string // of the function that makes one, and its argument's type
	base         string
	first, other []string
}

var inners = []inner{
	{
		name: "innerConn", arg: "both", base: "driver.Conn",
		first: []string{"driver.ExecerContext", "driver.QueryerContext", "driver.SessionResetter", "driver.Validator", "driver.NamedValueChecker"},
		other: []string{"driver.Execer", "driver.Queryer", "driver.Pinger", "driver.ConnPrepareContext", "driver.ConnBeginTx"},
	},
	{
		name: "innerStmt", arg: "fullStmt", base: "driver.Stmt",
		first: []string{"driver.StmtExecContext", "driver.StmtQueryContext"},
		other: []string{"driver.NamedValueChecker", "driver.ColumnConverter"},
	},
	{
		// These interfaces of package driver all have driver.Rows in them, and what is
		// embedded twice is ambiguous.
		name: "innerRows", arg: "fullRows", base: "driver.Rows",
		first: []string{"nextResultSet", "columnTypeScanType", "columnTypeDatabaseTypeName"},
		other: []string{"columnTypeLength", "columnTypeNullable", "columnTypePrecisionScale"},
	},
}

// Inners returns the source of the tests' functions that give a value any
// combination of optional interfaces, and no more than those.
func Inners() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("//lint:file-ignore SA1019 The deprecated interfaces count as well.\n\n")
	fmt.Fprintf(&b, header, "driver_test")
	for _, in := range inners {
		in.write(&b)
	}
	return format.Source(b.Bytes())
}

func (in inner) write(b *bytes.Buffer) {
	halves := func(half, base string, parts []string) {
		for has := range 1 << len(parts) {
			fmt.Fprintf(b, "%s%s%d interface {\n%s\n%s\n}\n", in.name, half, has, base, strings.Join(in.pick(parts, has), "\n"))
		}
	}
	b.WriteString("type (\n")
	halves("First", in.base, in.first)
	halves("Other", "", in.other)
	fmt.Fprintf(b, ")\n\n// %s returns v with the optional interfaces in has, the bits of %s.\n", in.name,
		strings.Join(append(in.first[:len(in.first):len(in.first)], in.other...), ", "))
	fmt.Fprintf(b, "func %s(v %s, has int) %s {\n\tswitch has {\n", in.name, in.arg, in.base)
	for has := range 1 << (len(in.first) + len(in.other)) {
		first, other := has&(1<<len(in.first)-1), has>>len(in.first)
		fmt.Fprintf(b, "\tcase %d:\n\t\treturn struct {\n%sFirst%d\n%sOther%d\n}{v, v}\n", has, in.name, first, in.name, other)
	}
	b.WriteString("\t}\n\tpanic(\"no such combination\")\n}\n\n")
}

func (inner) pick(parts []string, has int) (picked []string) {
	for i, p := range parts {
		if has&(1<<i) != 0 {
			picked = append(picked, p)
		}
	}
	return picked
}
