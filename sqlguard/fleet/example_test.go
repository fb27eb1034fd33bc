package fleet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// serve is a process of a site that joins a fleet, as docs/quiesce.md has it.
func serve(ctx context.Context) error {
	s, err := store.Open(ctx, os.Getenv("QUIESCE_STORE"))
	if err != nil {
		return err
	}
	member, err := fleet.Join(ctx, sqlguard.Default(), s, fleet.Config{Service: "web"})
	if err != nil {
		return err
	}
	defer member.Leave(context.WithoutCancel(ctx)) // after the last request has been answered

	return member.Ready(ctx)
}

func Example() {
	folder, err := os.MkdirTemp("", "fleet")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	os.Setenv("QUIESCE_STORE", "sqlite:"+filepath.Join(folder, "fleet.db"))
	first, err := store.OpenUnchecked(os.Getenv("QUIESCE_STORE"))
	if err == nil {
		err = first.Init(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer first.Close()
	fmt.Println(serve(context.Background()))
	// Output: <nil>
}

// TestTheManualShowsThisExample compares the code in docs/quiesce.md with the example, which runs.
func TestTheManualShowsThisExample(t *testing.T) {
	manual, err := os.ReadFile("../../docs/quiesce.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(manual), -1)
	if len(blocks) == 0 {
		t.Fatal("the manual has no code")
	}
	for _, m := range blocks {
		indented := "\t" + strings.ReplaceAll(strings.TrimSpace(m[1]), "\n", "\n\t")
		if !strings.Contains(string(source), indented) {
			t.Errorf("the manual has code that is not in the example:\n%s", m[1])
		}
	}
}
