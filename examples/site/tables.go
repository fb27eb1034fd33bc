package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// A table is what a copy must know of it. Its columns are all of them, in
// the order of the schema, and its key comes first.
type table struct {
	name    string
	columns []column
	key     int  // how many columns its key has
	counted bool // its ids are given out by the database
}

type column struct {
	name string
	kind kind
}

type kind int

const (
	integer kind = iota
	text
	binary
)

// tables are in an order in which each comes after those that it refers to.
var tables = []table{
	{name: "users", key: 1, counted: true, columns: []column{
		{"id", integer}, {"login", text}, {"name", text}, {"password", text}, {"seen_at", integer}}},
	{name: "talks", key: 1, counted: true, columns: []column{
		{"id", integer}, {"title", text}, {"speaker", text}, {"abstract", text}, {"day", integer}, {"starts", text}, {"room", text}}},
	{name: "talk_views", key: 1, columns: []column{
		{"talk_id", integer}, {"views", integer}}},
	{name: "comments", key: 1, counted: true, columns: []column{
		{"id", integer}, {"talk_id", integer}, {"user_id", integer}, {"body", text}, {"created_at", integer}}},
	{name: "stars", key: 2, columns: []column{
		{"talk_id", integer}, {"user_id", integer}}},
	{name: "session_key", key: 1, columns: []column{
		{"id", integer}, {"key", binary}}},
}

// read calls f with each row, in the order of the key, which is of integers and so
// the same order on each engine.
func (t table) read(ctx context.Context, tx *sql.Tx, f func(row []any) error) (err error) {
	var names []string
	for _, c := range t.columns {
		names = append(names, t.name+"."+c.name) // key alone is a keyword of MySQL's
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+t.name+" ORDER BY "+strings.Join(names[:t.key], ", "))
	if err != nil {
		return fmt.Errorf("read %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := t.scan(rows)
		if err != nil {
			return fmt.Errorf("read %s: %w", t.name, err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", t.name, err)
	}
	return nil
}

// scan returns a row as values of int64, string and []byte, whatever its engine
// makes of them.
func (t table) scan(rows *sql.Rows) ([]any, error) {
	row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i, c := range t.columns {
		switch c.kind {
		case integer:
			into[i] = new(int64)
		case text:
			into[i] = new(string)
		case binary:
			into[i] = new([]byte)
		}
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, v := range into {
		switch v := v.(type) {
		case *int64:
			row[i] = *v
		case *string:
			row[i] = *v
		case *[]byte:
			row[i] = *v
		}
	}
	return row, nil
}

// sum is what a table holds, in short.
type sum struct {
	table string
	rows  int
	hash  hash.Hash
}

func newSum(t table) *sum { return &sum{table: t.name, hash: sha256.New()} }

// add counts a row. Each value is preceded by its length, so that no two rows
// are written alike.
func (s *sum) add(row []any) {
	s.rows++
	for _, value := range row {
		if b, ok := value.([]byte); ok {
			value = string(b)
		}
		written := fmt.Sprint(value)
		fmt.Fprintf(s.hash, "%d:%s", len(written), written)
	}
}

func (s *sum) String() string {
	return fmt.Sprintf("%-11s %6d rows  sha256 %x", s.table, s.rows, s.hash.Sum(nil))
}

// sumUp reads a table and returns its sum.
func (t table) sumUp(ctx context.Context, tx *sql.Tx) (*sum, error) {
	s := newSum(t)
	err := t.read(ctx, tx, func(row []any) error { s.add(row); return nil })
	return s, err
}

// printSums prints the sum of each table, all of one moment. Two databases that
// print the same hold the same, whatever their engines.
func printSums(ctx context.Context, where database, out io.Writer) error {
	return readAll(ctx, where, func(tx *sql.Tx) error {
		for _, t := range tables {
			s, err := t.sumUp(ctx, tx)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, s)
		}
		return nil
	})
}
