package guardtest

import (
	"fmt"
	"io"
	"os"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Env is the environment variable that [Main] looks at. For [sqlguard.Default] it is in force
// anyway.
const Env = "SQLGUARD_MODE"

// Main runs a test-suite, and returns what to exit with. It is for TestMain:
//
//	func TestMain(m *testing.M) {
//		os.Exit(guardtest.Main(m, guardtest.Config{Guard: sqlguard.Default()}))
//	}
//
// If the environment variable SQLGUARD_MODE is "observe", everything passes, and what read-only mode would
// refuse is listed on standard error at the end. If it is "read-only", the suite runs with writing closed, and
// what was refused is listed. If it is empty or "off", the suite runs as ever. It is "go
// test -v" that shows the list of a suite which passes.
//
// Main runs no test, and returns 2, if the variable is anything else or cfg has no guard.
func Main(m interface{ Run() int }, cfg Config) int {
	return run(m, cfg, os.Getenv(Env), os.Stderr)
}

func run(m interface{ Run() int }, cfg Config, mode string, stderr io.Writer) int {
	l := &Log{contextOnly: cfg.ContextOnly}
	stop, err := l.start(cfg, mode)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	code := m.Run()
	stop()
	findings := l.Findings()
	if len(findings) > 0 {
		fmt.Fprintf(stderr, "guardtest: read-only mode refuses %d kinds of statements of this suite:\n%s", len(findings), l)
	}
	return code
}

// start has l listen, if the mode asks for it.
func (l *Log) start(cfg Config, text string) (stop func(), err error) {
	if text == "" {
		text = sqlguard.Off.String()
	}
	mode, err := sqlguard.ParseMode(text)
	if err != nil {
		return nil, fmt.Errorf("guardtest: %s: %w", Env, err)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if mode == sqlguard.Off {
		return func() {}, nil
	}
	return l.listen(cfg.Guard, mode)
}
