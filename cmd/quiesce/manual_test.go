package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheManualHasTheHelpOfEachCommand compares docs/quiesce.md with what the commands say of themselves.
func TestTheManualHasTheHelpOfEachCommand(t *testing.T) {
	manual, err := os.ReadFile("../../docs/quiesce.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile("(?ms)^```help ([^\n]*)\n(.*?)^```$").FindAllStringSubmatch(string(manual), -1) {
		var out bytes.Buffer
		if code := exec(t.Context(), append([]string{"help"}, strings.Fields(m[1])...), nil, &out, &out); code != exitOK {
			t.Errorf("help %s: exit code %d\n%s", m[1], code, &out)
		}
		if out.String() != m[2] {
			t.Errorf("the manual has another help of %s:\n%s\nwant\n%s", m[1], m[2], &out)
		}
		found[m[1]] = true
	}
	for _, cmd := range newFleetCommands(streams{}) {
		if !found[cmd.Name()] {
			t.Errorf("the manual has no help of %s", cmd.Name())
		}
		for _, below := range cmd.Commands() {
			if name := cmd.Name() + " " + below.Name(); !found[name] {
				t.Errorf("the manual has no help of %s", name)
			}
		}
	}
}
