package integration

import (
	"bytes"
	"context"
	"database/sql"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/gorilla/sessions"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// bySCS knows visitors by scs.
func bySCS(m *scs.SessionManager) visitors {
	return visitors{
		around: m.LoadAndSave,
		user:   func(r *http.Request) string { return m.GetString(r.Context(), "user") },
		logIn: func(_ http.ResponseWriter, r *http.Request, user string) error {
			m.Put(r.Context(), "user", user)
			return m.RenewToken(r.Context())
		},
	}
}

// newSCS returns a manager of sessions that end when nobody comes for an hour, which it
// writes down with every request.
func newSCS(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store, m.IdleTimeout = store, time.Hour
	return m
}

// sqlStore keeps sessions in a database, and removes none of its own accord.
func sqlStore(db *sql.DB) scs.Store { return sqlite3store.NewWithCleanupInterval(db, 0) }

// contextStore is a store that tells the database whose request it is, as those of
// scs for pgx and GORM do.
type contextStore struct {
	scs.Store
	db *sql.DB
}

func (s contextStore) FindCtx(_ context.Context, token string) ([]byte, bool, error) {
	return s.Find(token)
}

func (s contextStore) DeleteCtx(_ context.Context, token string) error { return s.Delete(token) }

func (s contextStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, err := s.db.ExecContext(ctx, "REPLACE INTO sessions (token, data, expiry) VALUES ($1, $2, julianday($3))",
		token, b, expiry.UTC().Format("2006-01-02T15:04:05.999"))
	return err
}

func TestSessions(t *testing.T) {
	for _, s := range []stack{
		{name: "scs in the guarded database without IdleTimeout", visitors: func(_ *testing.T, db *sql.DB) visitors {
			m := scs.New()
			m.Store = sqlStore(db)
			return bySCS(m)
		}},
		{name: "scs with IdleTimeout, and its table on a Skip rule",
			rules:    []sqlguard.Rule{{Tables: []string{"sessions"}, Action: sqlguard.Skip}},
			visitors: func(_ *testing.T, db *sql.DB) visitors { return bySCS(newSCS(sqlStore(db))) }},
		{name: "scs with IdleTimeout in memory",
			visitors: func(*testing.T, *sql.DB) visitors { return bySCS(newSCS(memstore.NewWithCleanupInterval(0))) }},
		{name: "scs with IdleTimeout in a database that stays", visitors: func(t *testing.T, _ *sql.DB) visitors {
			other, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "sessions.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { other.Close() })
			_, err = other.Exec("CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)")
			if err != nil {
				t.Fatal(err)
			}
			return bySCS(newSCS(sqlStore(other)))
		}},
		{name: "gorilla/sessions in the cookie", visitors: func(*testing.T, *sql.DB) visitors {
			return byGorilla(sessions.NewCookieStore(bytes.Repeat([]byte("k"), 32)))
		}},
		{name: "gorilla/sessions in files", visitors: func(t *testing.T, _ *sql.DB) visitors {
			return byGorilla(sessions.NewFilesystemStore(t.TempDir(), bytes.Repeat([]byte("k"), 32)))
		}},
	} {
		s.journey(t)
	}
}

// byGorilla knows visitors by gorilla/sessions.
func byGorilla(store sessions.Store) visitors {
	return visitors{
		around: func(next http.Handler) http.Handler { return next },
		user: func(r *http.Request) string {
			session, err := store.Get(r, "session")
			if err != nil {
				return ""
			}
			user, _ := session.Values["user"].(string)
			return user
		},
		logIn: func(w http.ResponseWriter, r *http.Request, user string) error {
			session, err := store.Get(r, "session")
			if err != nil {
				return err
			}
			session.Values["user"] = user
			return session.Save(r, w)
		},
	}
}

// idle is a site whose sessions are in the guarded database, and written with every
// request, with no recipe against that.
func idle(name string, withContext bool, answer func(*httpmode.Middleware) func(http.ResponseWriter, *http.Request, error)) stack {
	var manager *scs.SessionManager
	return stack{
		name: name,
		visitors: func(_ *testing.T, db *sql.DB) visitors {
			store := sqlStore(db)
			if withContext {
				store = contextStore{store, db}
			}
			manager = newSCS(store)
			return bySCS(manager)
		},
		build: func(a *app, m *httpmode.Middleware) http.Handler {
			if answer != nil {
				manager.ErrorFunc = answer(m)
			}
			return m.Handler(a.around(a.mux()))
		},
	}
}

// A page that only reads is refused to whoever is logged in. What the operators
// are told must say why.
func TestSCSWithIdleTimeoutInTheGuardedDatabaseIsDiagnosed(t *testing.T) {
	kindly := func(m *httpmode.Middleware) func(http.ResponseWriter, *http.Request, error) {
		return func(w http.ResponseWriter, r *http.Request, err error) {
			if !m.WriteError(w, r, err) {
				http.Error(w, "broken", http.StatusInternalServerError)
			}
		}
	}
	for _, tt := range []struct {
		stack
		kind  bool
		group sqlguard.Group
		hint  string
	}{
		{idle("a store without a context fails the page", false, nil), false, sqlguard.GroupNoContext, "without a context of a request"},
		{idle("a store without a context, and an ErrorFunc with WriteError", false, kindly), true, sqlguard.GroupNoContext, "without a context of a request"},
		{idle("a store with the request's context", true, nil), true, sqlguard.GroupReadRoute, "a route that should only read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said bytes.Buffer
			log.SetOutput(&said)
			defer log.SetOutput(os.Stderr)
			var told bytes.Buffer
			s := tt.serve(t, true)
			s.logIn(t)
			s.flip(t, sqlguard.Change{Mode: sqlguard.Observe})
			s.get(t, "/").wants(t, "a page in observe mode", 200, "Hello, ada")
			if report := s.guard.Report().In(tt.group); len(report) != 1 || report[0].Tables[0].Name != "sessions" {
				t.Errorf("the report of observe mode has %+v in the group %s, want the table of sessions", report, tt.group)
			}
			s.flip(t, readOnly)
			s.guard.SetObserver(sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: slog.New(slog.NewTextHandler(&told, nil))}))
			page := s.get(t, "/")
			for _, want := range []string{"op=REPLACE tables=sessions", tt.hint, "Skip rule"} {
				if !strings.Contains(told.String(), want) {
					t.Errorf("the guard says %q, want %q in it", told.String(), want)
				}
			}
			if tt.kind {
				page.wantsKindness(t, "a page of somebody logged in", httpmode.CauseWrite)
			} else {
				page.wants(t, "a page of somebody logged in", 500, "Internal Server Error")
				if want := "quiesce: refused in read-only mode: REPLACE (sessions)"; !strings.Contains(said.String(), want) {
					t.Errorf("the log says %q, want %q in it", said.String(), want)
				}
			}
			s.flip(t, getOnly)
			if form := s.post(t, "/comments", nil, "x"); tt.kind {
				form.wantsKindness(t, "a form of somebody logged in", httpmode.CauseWrite)
			} else {
				form.wants(t, "a form of somebody logged in", 500, "Internal Server Error")
			}
			s.flip(t, off)
			s.get(t, "/").wants(t, "the visitor afterwards", 200, "Hello, ada")
		})
	}
}

func TestSCSWithIdleTimeoutInTheGuardedDatabaseWorksInAnonymousMode(t *testing.T) {
	s := idle("", false, nil).serve(t, true)
	s.logIn(t)
	before := s.cookies(t)
	s.flip(t, anonymous)
	s.wantsGuest(t)
	if got := s.guard.Counts().Rejected; got != 0 {
		t.Errorf("%d statements were refused, want none: a guest has no session to write", got)
	}
	s.flip(t, off)
	s.get(t, "/").wants(t, "the visitor afterwards", 200, "Hello, ada")
	if after := s.cookies(t); after != before {
		t.Errorf("the cookies were %q, and are %q", before, after)
	}
}
