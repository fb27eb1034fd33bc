//go:build unix

package filesource_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/fleet/filesource"
)

func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "mode.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("there are no pipes here: %v", err)
	}
	for _, path := range []string{pipe, folder} {
		s := open(t, filesource.Config{Path: path}) // nobody ever writes into the pipe
		if _, err := s.Mode(t.Context()); err == nil || !strings.Contains(err.Error(), path+": it is not a regular file") {
			t.Errorf("the error is %v, want one that names %s and says that it is not a regular file", err, path)
		}
	}
}
