package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// config is what the command line says.
type config struct {
	addr  string
	db    database
	token string
	store string // DSN of the fleet's store; "" where the site is alone
	// What is done instead of serving: printing what the database holds, or copying it.
	sums   bool
	copyTo *database
}

// shortToken is the length below which a token that was made up on the spot may be
// guessed even within the few tries a minute that the control panel allows.
const shortToken = 8

// errUsage is a command line that cannot be obeyed. The flag package has
// already said on stderr what is wrong with it.
var errUsage = errors.New("usage")

func parseFlags(args []string, stderr io.Writer) (config, error) {
	var cfg config
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8080", "listen on `host:port`; port 0 takes any free one")
	db := flags.String("db", "", "the database: a `file`, or a postgres:// or mysql:// URL (default: quiesce-site/site.db in your cache folder)")
	flags.StringVar(&cfg.token, "token", "", "the control panel's `token` (default: a random one, printed at start)")
	flags.StringVar(&cfg.store, "store", "", "the `DSN` of a fleet's store: the command quiesce then closes this site with its fellows")
	flags.BoolVar(&cfg.sums, "sums", false, "do not serve; print how many rows each table has, and a checksum that is the same on each engine")
	copyTo := flags.String("copy-to", "", "do not serve; copy all data into this empty `database`, and print its sums")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "Usage: site [flags]\n\nA small conference site that stays up, read-only, on demand.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return cfg, err
		}
		return cfg, errUsage
	}
	if flags.NArg() > 0 {
		return cfg, fmt.Errorf("unexpected argument %q; the site takes flags only", flags.Arg(0))
	}
	return cfg, cfg.complete(*db, *copyTo)
}

// complete checks the flags, and fills in what was left out.
func (c *config) complete(db, copyTo string) (err error) {
	if c.addr == "" {
		return errors.New("-addr must be host:port, such as 127.0.0.1:8080")
	}
	if c.token == "" {
		c.token = rand.Text()
	}
	if c.token = strings.TrimSpace(c.token); c.token == "" {
		return errors.New("-token must not be blank")
	}
	if copyTo != "" {
		where, err := parseDatabase(copyTo)
		if err != nil {
			return fmt.Errorf("-copy-to: %w", err)
		}
		c.copyTo = &where
	}
	if db == "" {
		if db, err = defaultFile(); err != nil {
			return err
		}
	}
	if c.db, err = parseDatabase(db); err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	return nil
}

// defaultFile is where the database is if nobody says so.
func defaultFile() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder to keep the database in (%w); name a file with -db", err)
	}
	folder := filepath.Join(cache, "quiesce-site")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder for the database: %w; name another file with -db", err)
	}
	return filepath.Join(folder, "site.db"), nil
}
