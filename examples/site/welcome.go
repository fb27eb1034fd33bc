package main

import (
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/quiescehq/quiesce/sqlguard"
)

// siteURL returns where a browser on this machine finds the site.
func siteURL(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return "http://" + net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return "http://" + addr.String()
}

// printWelcome says where everything is, and what to try first.
func printWelcome(w io.Writer, address string, cfg config, state sqlguard.State) {
	token, mode := cfg.token, describe(state)
	if len(token) < shortToken {
		token += " (short, so easy to guess)"
	}
	if state.Reason != "" {
		mode += ", " + state.Reason
	}
	fmt.Fprintf(w, `The site            %[1]s/
The control panel   %[1]s/control
Its token           %[2]s
The database        %[3]s
The mode            %[4]s

Three things to try:
`, address, token, cfg.db.name, mode)
	things := thingsToTry
	if state.Mode == sqlguard.ReadOnly {
		things = thingsToTryClosed
	}
	fmt.Fprintf(w, things, demoPassword)
	fmt.Fprint(w, "\nCtrl-C stops it.\n")
}

const thingsToTry = `  1. Log in as ada with the password %s, and comment on a talk.
  2. In the control panel choose Read-only. Pages still load, you are still
     logged in, and the next comment gets a friendly answer.
  3. Start it closed: READ_ONLY_MODE=true go run ./examples/site
`

// thingsToTryClosed are for a site that the environment starts closed.
const thingsToTryClosed = `  1. Read the talks. Pages load, and nothing can be saved.
  2. In the control panel release the environment's hold. Then log in as ada
     with the password %s, and comment on a talk.
  3. Choose Read-only there. You are still logged in, and the next comment
     gets a friendly answer.
`
