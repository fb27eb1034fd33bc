package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// tourAddress is where the README expects the site.
const tourAddress = "http://127.0.0.1:8080"

// command is one command of the README, and what it is said to print.
type command struct {
	text, prints string
}

// TestTheTourPrintsWhatTheReadmeSays walks through the README: a block marked sh starts
// the site, as a process, and ends the one before; a block marked console is typed into one
// shell after the other.
func TestTheTourPrintsWhatTheReadmeSays(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "grep", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; the tour of the README is typed with it", tool)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	home, folder := t.TempDir(), t.TempDir()
	var site process
	commands := 0
	for _, block := range fencedBlocks(string(readme)) {
		switch block.language {
		case "sh":
			if site.stop != nil {
				site.stop()
			}
			site = startAsWritten(t, block.text, home)
		case "console":
			if site.url == "" {
				t.Fatal("the README types commands before it starts the site")
			}
			session := commandsOf(t, block.text)
			commands += len(session)
			typeCommands(t, session, site.url, folder)
		}
	}
	if commands < 20 {
		t.Errorf("only %d commands were found in the README", commands)
	}
}

// TestTheReadmesPictureIsSmall is for those who read the tour over a slow line.
func TestTheReadmesPictureIsSmall(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	pictures := picture.FindAllStringSubmatch(string(readme), -1)
	if len(pictures) != 1 {
		t.Fatalf("%d pictures, want the one of the page", len(pictures))
	}
	content, err := os.ReadFile(pictures[0][1])
	if err != nil {
		t.Fatal(err)
	}
	if kind := http.DetectContentType(content); kind != "image/png" || len(content) > 80<<10 {
		t.Errorf("%s of %d bytes, want a PNG of 80 KiB at most", kind, len(content))
	}
}

var picture = regexp.MustCompile(`!\[[^\]]+\]\(([^)]+)\)`)

type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

func fencedBlocks(markdown string) []block {
	var blocks []block
	for _, match := range fence.FindAllStringSubmatch(markdown, -1) {
		blocks = append(blocks, block{match[1], match[2]})
	}
	return blocks
}

// startAsWritten starts the site as a line such as "NAME=value go run
// ./examples/site -flag" does, but on a free port and with a home of its own.
func startAsWritten(t *testing.T, line, home string) process {
	t.Helper()
	before, after, found := strings.Cut(line, "go run ./examples/site")
	if !found {
		t.Fatalf("this block does not start the site: %s", line)
	}
	env := append(strings.Fields(before), "HOME="+home)
	return startProcess(t, siteCommand(t, env, append(strings.Fields(after), "-addr", "127.0.0.1:0")...))
}

// commandsOf takes a console block apart: a line that begins with a prompt is a
// command, and what follows is what it prints.
func commandsOf(t *testing.T, text string) []command {
	t.Helper()
	var commands []command
	for line := range strings.Lines(text) {
		if typed, isCommand := strings.CutPrefix(line, "$ "); isCommand {
			commands = append(commands, command{text: strings.TrimSuffix(typed, "\n")})
			continue
		}
		if len(commands) == 0 {
			t.Fatalf("this output has no command: %s", line)
		}
		commands[len(commands)-1].prints += line
	}
	return commands
}

// mark parts the outputs of one shell's commands.
const mark = "-- end of a command --\n"

func typeCommands(t *testing.T, commands []command, url, folder string) {
	t.Helper()
	script := "site=" + tourAddress + "\n"
	for _, c := range commands {
		script += c.text + "\nprintf '%s' '" + mark + "'\n"
	}
	shell := exec.Command("bash", "-c", strings.ReplaceAll(script, tourAddress, url))
	shell.Dir = folder
	shell.Env = append(os.Environ(), "no_proxy=127.0.0.1", "CURL_HOME="+folder)
	var stderr bytes.Buffer
	shell.Stderr = &stderr
	output, err := shell.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("bash: %v\n%s", err, &stderr)
	}
	// Header lines end as they do on the wire; a terminal does not show it.
	printed := strings.Split(strings.ReplaceAll(string(output), "\r\n", "\n"), mark)
	for i, c := range commands {
		if printed[i] != c.prints {
			t.Errorf("$ %s\nprints\n%s\nand the README says\n%s", c.text, printed[i], c.prints)
		}
	}
}
