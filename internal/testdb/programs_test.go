//go:build unix

package testdb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// install makes empty programs in a folder, and returns the folder.
func install(t *testing.T, folder string, programs ...string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if err := os.WriteFile(filepath.Join(folder, program), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestFindTakesOneInstallationOnly(t *testing.T) {
	tests := []struct {
		name    string
		files   map[string]string // folder to programs
		path    string            // folders
		env     string            // folder
		want    string            // folder of the server, or none
		wantErr string
	}{
		{
			name:  "the newest of the usual folders, by number",
			files: map[string]string{"lib/9/bin": "make run dump", "lib/10/bin": "make run dump"},
			want:  "lib/10/bin",
		},
		{
			name:  "not a newer one that lacks a program",
			files: map[string]string{"lib/9/bin": "make run dump", "lib/10/bin": "run dump"},
			want:  "lib/9/bin",
		},
		{
			name:  "what is in PATH before what is not",
			files: map[string]string{"mine/bin": "make run dump", "lib/10/bin": "make run dump"},
			path:  "mine/bin",
			want:  "mine/bin",
		},
		{
			name:  "a server in the sbin beside a bin in PATH",
			files: map[string]string{"mine/bin": "make dump", "mine/sbin": "run"},
			path:  "mine/bin",
			want:  "mine/sbin",
		},
		{
			name:    "no mixture of two installations",
			files:   map[string]string{"mine/bin": "dump", "lib/10/bin": "make run"},
			path:    "mine/bin",
			wantErr: "install some-package",
		},
		{
			name:  "what the environment names before all else",
			files: map[string]string{"named/bin": "make run dump", "mine/bin": "make run dump"},
			path:  "mine/bin",
			env:   "named/bin",
			want:  "named/bin",
		},
		{
			name:    "nothing else when the environment names a folder without it",
			files:   map[string]string{"mine/bin": "make run dump"},
			path:    "mine/bin",
			env:     "named/bin",
			wantErr: "expected the folder that holds make",
		},
		{
			name:    "nothing when the environment names a neighbour of its folder",
			files:   map[string]string{"mine/bin": "make run dump"},
			env:     "mine/etc",
			wantErr: "expected the folder that holds make",
		},
		{
			name:    "nothing when the environment names a folder that lacks a program",
			files:   map[string]string{"mine/bin": "make run"},
			env:     "mine/bin",
			wantErr: "expected all of [make run dump]",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for folder, programs := range test.files {
				install(t, filepath.Join(root, folder), strings.Fields(programs)...)
			}
			t.Setenv("PATH", filepath.Join(root, test.path))
			if test.env != "" {
				t.Setenv("QUIESCE_TESTDB_FAKE_BIN", filepath.Join(root, test.env))
			}
			found, err := fake(filepath.Join(root, "lib/*")).find()
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("found %v, error %v; want an error with %q", found, err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, test.want, "run"); found.server != want {
				t.Errorf("found %s, want %s", found.server, want)
			}
		})
	}
}

func fake(prefixes ...string) *engine {
	return &engine{
		name: "Fake", packages: "some-package", override: "QUIESCE_TESTDB_FAKE_BIN",
		prefixes: prefixes, programs: [3]string{"make", "run", "dump"},
	}
}

func TestARelativeFolderInTheEnvironmentIsAnError(t *testing.T) {
	t.Setenv("QUIESCE_TESTDB_FAKE_BIN", "bin")
	if _, err := fake().find(); err == nil || !strings.Contains(err.Error(), "absolute") {
		t.Errorf("error %v, want one that asks for an absolute path", err)
	}
}

// A recorder is a test that is expected to be skipped or to fail.
type recorder struct {
	testing.TB
	outcome string
}

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.end("skipped: " + fmt.Sprint(args...)) }
func (r *recorder) Fatal(args ...any) { r.end("failed: " + fmt.Sprint(args...)) }

func (r *recorder) end(outcome string) {
	r.outcome = outcome
	runtime.Goexit()
}

func TestAServerThatIsNotInstalledSkipsOrFailsTheTest(t *testing.T) {
	tests := []struct{ name, setting, folder, want string }{
		{"skips it by default", "", "", "skipped: Fake is not installed"},
		{"fails it when required", "required", "", "failed: Fake is not installed"},
		{"fails it for an unknown setting", "yes", "", `failed: QUIESCE_TEST_SERVERS is "yes", expected "required"`},
		{"fails it for a wrong folder", "", "/nowhere", `failed: QUIESCE_TESTDB_FAKE_BIN is "/nowhere"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(requiredVariable, test.setting)
			t.Setenv("QUIESCE_TESTDB_FAKE_BIN", test.folder)
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				(&shared{engine: fake()}).get(r)
			}()
			<-done
			if !strings.HasPrefix(r.outcome, test.want) {
				t.Errorf("the test %s; want %s", r.outcome, test.want)
			}
		})
	}
}

// The script that installs what is missing looks by itself, so that it needs no build.
func TestTheInstallScriptAgreesOnWhatIsMissing(t *testing.T) {
	const script = "../../scripts/install-test-deps"
	for _, path := range []string{os.Getenv("PATH"), "/usr/bin:/bin"} {
		t.Setenv("PATH", path)
		printed, err := exec.Command("/bin/sh", script, "--check").CombinedOutput()
		if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
			t.Fatal(err)
		}
		for _, e := range []*engine{postgres, mariadb} {
			_, missing := e.find()
			if says := strings.Contains(string(printed), " "+e.packages); says != (missing != nil) {
				t.Errorf("with PATH=%s the script says:\n%s\nbut looking for %s: %v", path, printed, e.name, missing)
			}
		}
	}
}
