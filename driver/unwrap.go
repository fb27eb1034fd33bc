package driver

import "database/sql/driver"

// Find returns the first T in v and in what v wraps: a driver, connector,
// connection, statement or rows, inside wrappers of this package and of others. They are opened by
// the methods in use: Unwrap, Raw or WrappedConn, which return what is wrapped. What
// it finds below this package's wrappers is not guarded.
//
//	var conn *sql.Conn
//	err := conn.Raw(func(c any) error {
//		pgxConn, ok := driver.Find[*stdlib.Conn](c)
//		…
//	})
func Find[T any](v any) (found T, ok bool) {
	for range maxWrappers {
		if found, ok = v.(T); ok {
			return found, true
		}
		if v = wrappedBy(v); v == nil {
			break
		}
	}
	return found, false
}

// maxWrappers ends a search in wrappers that go round in a circle.
const maxWrappers = 64

// wrappedBy returns what v wraps, or nil.
func wrappedBy(v any) any {
	switch w := v.(type) {
	case interface{ Unwrap() any }:
		return w.Unwrap()
	case interface{ Unwrap() driver.Conn }:
		return w.Unwrap()
	case interface{ Unwrap() driver.Connector }:
		return w.Unwrap()
	case interface{ Unwrap() driver.Driver }:
		return w.Unwrap()
	case interface{ Unwrap() driver.Stmt }:
		return w.Unwrap()
	case interface{ Unwrap() driver.Rows }:
		return w.Unwrap()
	case interface{ Raw() driver.Conn }:
		return w.Raw()
	case interface{ WrappedConn() driver.Conn }:
		return w.WrappedConn()
	}
	return nil
}
