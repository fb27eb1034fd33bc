package main

import (
	"database/sql"
	"os/exec"
	"strings"

	_ "modernc.org/sqlite"
)

const (
	versionQuery = "SELECT sqlite_version()"
	// functionQuery asks for all functions, in lower case.
	functionQuery = "SELECT DISTINCT lower(name) FROM pragma_function_list"
	// builtinQuery leaves out what a program has added, as the shell does.
	builtinQuery = functionQuery + " WHERE builtin"
	moduleQuery  = "SELECT name FROM pragma_module_list"
	pragmaQuery  = "SELECT name FROM pragma_pragma_list"
)

// fromLibrary returns what the library has that this module is built with.
func fromLibrary() (o offer, err error) {
	db, err := openLibrary()
	if err != nil {
		return o, err
	}
	defer db.Close()
	return collect("the library, SQLite ", func(query string) ([]string, error) { return ask(db, query) }, functionQuery)
}

func openLibrary() (*sql.DB, error) { return sql.Open("sqlite", ":memory:") }

// fromShell returns what the sqlite3 shell has, less what the shell adds to SQLite.
func fromShell() (offer, error) {
	return collect("the shell, SQLite ", func(query string) ([]string, error) {
		out, err := exec.Command("sqlite3", "-batch", ":memory:", query).Output()
		return strings.Fields(string(out)), err
	}, builtinQuery)
}

func collect(what string, ask func(query string) ([]string, error), functions string) (o offer, err error) {
	version, err := ask(versionQuery)
	if err != nil {
		return o, err
	}
	o.from = what + strings.Join(version, "")
	if o.functions, err = ask(functions); err != nil {
		return o, err
	}
	modules, err := ask(moduleQuery)
	if err != nil {
		return o, err
	}
	for _, name := range modules {
		if tableValued[name] {
			o.tables = append(o.tables, name)
		}
	}
	o.pragmas, err = ask(pragmaQuery)
	return o, err
}

// ask returns the one column of a query's rows.
func ask(db *sql.DB, query string) (column []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		column = append(column, s)
	}
	return column, rows.Err()
}
