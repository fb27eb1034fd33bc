package guardtest

import (
	"path"
	"runtime"
	"strconv"
	"strings"
)

const module = "github.com/quiescehq/quiesce/"

// plumbing are packages that lie between an application and its database.
var plumbing = []string{
	"database/sql", "runtime", module + "sqlguard", module + "sqlguard/guardtest", module + "driver",
	module + "driver/pgx", module + "driver/mysql", module + "driver/sqlite",
}

// caller returns the function that has run a statement, with the line, or "" if it is not on
// the stack: database/sql runs a statement on the goroutine of whoever asks for it.
func caller() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !isPlumbing(f.Function) {
			return f.Function[strings.LastIndexByte(f.Function, '/')+1:] + " (" + path.Base(f.File) + ":" + strconv.Itoa(f.Line) + ")"
		}
		if !more {
			return ""
		}
	}
}

// isPlumbing reports whether a function is of one of those packages: its name goes on with
// a dot where the package's path ends.
func isPlumbing(function string) bool {
	for _, pkg := range plumbing {
		if rest, ok := strings.CutPrefix(function, pkg); ok && strings.HasPrefix(rest, ".") {
			return true
		}
	}
	return false
}
