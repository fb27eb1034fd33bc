package main

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestTheAddressIsOneThatABrowserTakes(t *testing.T) {
	for want, ip := range map[string]net.IP{
		"http://127.0.0.1:8080": net.IPv4(127, 0, 0, 1),
		"http://[::1]:8080":     net.IPv6loopback,
		"http://localhost:8080": net.IPv6unspecified,
	} {
		if got := siteURL(&net.TCPAddr{IP: ip, Port: 8080}); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	if got := siteURL(&net.TCPAddr{IP: net.IPv4zero, Port: 80}); got != "http://localhost:80" {
		t.Errorf("all of IPv4: %s", got)
	}
}

func TestTheWelcomeFitsTheModeThatTheSiteStartsIn(t *testing.T) {
	closed := sqlguard.State{Mode: sqlguard.ReadOnly, Anonymous: true, Reason: "set by READ_ONLY_MODE"}
	for name, test := range map[string]struct {
		state          sqlguard.State
		want, unwanted string
	}{
		"off":     {sqlguard.State{}, "The mode            off\n", "release the environment's hold"},
		"observe": {sqlguard.State{Mode: sqlguard.Observe}, "1. Log in as ada", "nothing can be saved"},
		"closed":  {closed, "The mode            read-only, anonymous, set by READ_ONLY_MODE\n", "1. Log in"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			printWelcome(&out, "http://x", config{token: testToken}, test.state)
			if text := out.String(); !strings.Contains(text, test.want) || strings.Contains(text, test.unwanted) || !strings.Contains(text, demoPassword) {
				t.Errorf("printed:\n%s", text)
			}
		})
	}
}

func TestAShortTokenIsTakenWithAWarning(t *testing.T) {
	cfg, err := parseFlags([]string{"-token", " x ", "-db", "site.db"}, os.Stderr)
	if err != nil || cfg.token != "x" {
		t.Fatalf("token %q, %v", cfg.token, err)
	}
	var out strings.Builder
	printWelcome(&out, "http://x", cfg, sqlguard.State{})
	if !strings.Contains(out.String(), "Its token           x (short, so easy to guess)\n") {
		t.Errorf("printed:\n%s", &out)
	}
}
