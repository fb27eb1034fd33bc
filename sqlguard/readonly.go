package sqlguard

import (
	"errors"
	"reflect"
	"strings"
)

// IsReadOnly reports whether err, or an error it wraps, says that writing is
// closed: a guard's refusal, or a server's own. The servers' are PostgreSQL's
// SQLSTATE 25006; MySQL's and MariaDB's 1290 where it speaks of read-only (other
// options share the number), 1792 and 1836; SQLite's READONLY (8) with its
// extended codes. They are known by the shapes that pgx, lib/pq,
// go-sql-driver/mysql, modernc.org/sqlite, mattn/go-sqlite3 and
// ncruces/go-sqlite3 give them. A nil error is none.
func IsReadOnly(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, ErrReadOnly) {
		return true
	}
	found := false
	walk(err, func(e error) bool {
		found = serverReadOnly(e)
		return !found
	})
	return found
}

// walk visits an error and all it wraps, in the order of errors.Is, until visit
// returns false.
func walk(err error, visit func(error) bool) bool {
	if err == nil {
		return true
	}
	if !visit(err) {
		return false
	}
	switch x := err.(type) {
	case interface{ Unwrap() error }:
		return walk(x.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			if !walk(e, visit) {
				return false
			}
		}
	}
	return true
}

// sqliteReadOnly is SQLITE_READONLY, the low byte of its extended codes.
const sqliteReadOnly = 8

// serverReadOnly looks at one error. The core depends on no driver, so MySQL's
// and SQLite's are known by the names of their packages and fields.
func serverReadOnly(err error) bool {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return false // its methods may not bear that
	}
	if e, ok := err.(interface{ SQLState() string }); ok && e.SQLState() == "25006" {
		return true
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return false
	}
	switch pkg := v.Type().PkgPath(); {
	case strings.HasSuffix(pkg, "go-sql-driver/mysql"):
		return mysqlReadOnly(v)
	case strings.Contains(pkg, "sqlite"):
		return sqliteCode(err, v)&0xff == sqliteReadOnly
	case strings.HasSuffix(pkg, "lib/pq"):
		code := v.FieldByName("Code")
		return code.Kind() == reflect.String && code.String() == "25006"
	}
	return false
}

func mysqlReadOnly(v reflect.Value) bool {
	number, message := v.FieldByName("Number"), v.FieldByName("Message")
	if !number.IsValid() || !number.CanUint() || message.Kind() != reflect.String {
		return false
	}
	switch number.Uint() {
	case 1792, 1836:
		return true
	case 1290:
		text := message.String()
		return strings.Contains(text, "read-only") || strings.Contains(text, "read_only")
	}
	return false
}

// sqliteCode returns the result code of a SQLite driver's error: a method Code
// that returns an integer (modernc, ncruces), or a field of that name (mattn).
func sqliteCode(err error, v reflect.Value) int64 {
	if m := reflect.ValueOf(err).MethodByName("Code"); m.IsValid() && m.Type().NumIn() == 0 && m.Type().NumOut() == 1 {
		return integer(m.Call(nil)[0])
	}
	if f := v.FieldByName("Code"); f.IsValid() {
		return integer(f)
	}
	return 0
}

func integer(v reflect.Value) int64 {
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	}
	return 0
}
