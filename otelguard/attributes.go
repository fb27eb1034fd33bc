package otelguard

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/quiescehq/quiesce/sqlguard"
)

// other is what stands for names beyond the bound, as for unknown methods in OpenTelemetry's
// semantic conventions of HTTP.
const other = "_OTHER"

// names lets the first so many names through. The zero names lets none.
type names struct {
	sync.RWMutex
	max  int
	seen map[string]struct{}
}

// bound returns a name, or other if there are too many.
func (n *names) bound(name string) string {
	n.RLock()
	_, known := n.seen[name]
	n.RUnlock()
	if known {
		return name
	}
	n.Lock()
	defer n.Unlock()
	if _, known := n.seen[name]; !known && len(n.seen) >= n.max {
		return other
	}
	if n.seen == nil {
		n.seen = make(map[string]struct{})
	}
	n.seen[name] = struct{}{}
	return name
}

// system returns the name of a dialect's database. MariaDB is judged by MySQL's dialect, and
// is not told from it.
func system(dialect string) attribute.KeyValue {
	switch dialect {
	case "postgres":
		return semconv.DBSystemNamePostgreSQL
	case "mysql":
		return semconv.DBSystemNameMySQL
	case "sqlite":
		return semconv.DBSystemNameSQLite
	}
	return semconv.DBSystemNameOtherSQL
}

// statement returns what an event tells of its statement: what it does not know is left out. bound
// is called with the operation, and with the table, if it writes just one.
func statement(e sqlguard.Event, operation, collection func(string) string) []attribute.KeyValue {
	if e.Dialect == "" { // Guard.Writable, which was asked before anything ran
		return nil
	}
	attrs := []attribute.KeyValue{system(e.Dialect)}
	if e.Op != "" && e.Op != sqlguard.OpUnknown {
		attrs = append(attrs, semconv.DBOperationName(operation(string(e.Op))))
	}
	if table := onlyTable(e.Tables); table != "" {
		attrs = append(attrs, semconv.DBCollectionName(collection(table)))
	}
	return attrs
}

// onlyTable returns the table that is written, with its schema if the statement names it; "" if
// there are several, or none.
func onlyTable(tables []sqlguard.Table) string {
	name := ""
	for _, t := range tables {
		full := t.Name
		if t.Schema != "" {
			full = t.Schema + "." + t.Name
		}
		if name != "" && name != full {
			return ""
		}
		name = full
	}
	return name
}
