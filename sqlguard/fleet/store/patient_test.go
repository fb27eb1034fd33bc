package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowServer accepts a connection when it is told to, or when it has failed.
type slowServer struct {
	driver.Connector
	asked  int
	accept chan error
	closed int
}

func (s *slowServer) Connect(ctx context.Context) (driver.Conn, error) {
	s.asked++
	select {
	case err := <-s.accept:
		if err != nil {
			return nil, err
		}
		return &slowConn{server: s}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *slowServer) Driver() driver.Driver { return nil }

type slowConn struct {
	driver.Conn
	server *slowServer
}

func (c *slowConn) Close() error { c.server.closed++; return nil }

func TestConnecting(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	refused := errors.New("refused")
	// Each step is a call: of who has gone, or of who waits; or what the server does.
	for _, test := range []struct {
		name          string
		steps         []string
		asked, closed int
	}{
		{"is once for who waits", []string{"call", "accept", "conn"}, 1, 0},
		{"goes on for the next", []string{"gone", "call", "accept", "conn"}, 2, 0},
		{"and is not begun for each of many", []string{"gone", "gone", "gone", "gone", "call", "accept", "conn"}, 2, 0},
		{"but is for each that waits", []string{"call", "call", "call", "accept", "conn", "accept", "conn", "accept", "conn"}, 3, 0},
		{"keeps what nobody waits for", []string{"gone", "accept", "call", "conn"}, 1, 0},
		{"and gives it to one", []string{"gone", "accept", "call", "conn", "call", "accept", "conn"}, 2, 0},
		{"for a while", []string{"gone", "accept", "long", "call", "accept", "conn"}, 2, 1},
		{"and tells nobody later that it has failed", []string{"gone", "refuse", "call", "accept", "conn"}, 2, 0},
		{"tells who waits", []string{"call", "refuse", "refused"}, 1, 0},
		{"does not last for ever", []string{"call", "long", "late"}, 1, 0},
		{"ends with the pool", []string{"call", "close", "ended"}, 1, 0},
		{"also where nobody waits", []string{"gone", "gone", "close"}, 2, 0},
		{"and so does what it has kept", []string{"gone", "accept", "close", "call", "ended"}, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &slowServer{accept: make(chan error)}
				p := newPatient(server, "the server")
				answers := make(chan attempt, 10)
				next := func() error {
					t.Helper()
					select {
					case a := <-answers:
						if (a.conn == nil) == (a.err == nil) {
							t.Errorf("got %v and %v", a.conn, a.err)
						}
						return a.err
					default:
						t.Fatal("there is no answer")
						return nil
					}
				}
				for _, step := range test.steps {
					want := map[string]error{"refused": refused, "late": context.DeadlineExceeded, "ended": context.Canceled}
					switch step {
					case "call":
						go func() { conn, err := p.Connect(context.Background()); answers <- attempt{conn, err} }()
					case "gone":
						if _, err := p.Connect(gone); !errors.Is(err, context.Canceled) {
							t.Errorf("who has gone got %v", err)
						}
					case "accept":
						server.accept <- nil
					case "refuse":
						server.accept <- refused
					case "long":
						time.Sleep(patience + time.Second)
					case "close":
						began := time.Now()
						p.Close()
						if took := time.Since(began); took > 0 {
							t.Errorf("Close took %s", took)
						}
					default:
						if err := next(); !errors.Is(err, want[step]) {
							t.Errorf("got %v, want %v", err, want[step])
						}
					}
					synctest.Wait()
				}
				if server.asked != test.asked || server.closed != test.closed {
					t.Errorf("the server was asked %d times and saw %d closed, want %d and %d", server.asked, server.closed, test.asked, test.closed)
				}
				p.Close()
			})
		})
	}
}

func TestWhoHasNoTimeHearsWhy(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	refused := errors.New("refused")
	synctest.Test(t, func(t *testing.T) {
		server := &slowServer{accept: make(chan error)}
		p := newPatient(server, "the server")
		defer p.Close()
		hears := func(want string) {
			t.Helper()
			if _, err := p.Connect(gone); !errors.Is(err, context.Canceled) || errors.Is(err, refused) || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			synctest.Wait()
		}
		hears("connecting to the server: context canceled")
		server.accept <- refused
		time.Sleep(3 * time.Second)
		hears("connecting to the server: context canceled (an attempt has failed 3s ago: refused)")
		time.Sleep(patience + time.Second)
		hears("connecting to the server: context canceled (an attempt has failed 1s ago: connecting to the server: context deadline exceeded)")
		server.accept <- nil
		synctest.Wait()
		if _, err := p.Connect(t.Context()); err != nil {
			t.Error(err)
		}
		hears("connecting to the server: context canceled")
	})
}

func TestAPoolEndsConnecting(t *testing.T) {
	p := newPatient(&slowServer{accept: make(chan error)}, "the server")
	db := sql.OpenDB(&connector{p, &target{}})
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := db.PingContext(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := db.Close(); err != nil || p.attempts != 0 {
		t.Errorf("after Close: %v, and %d attempts go on", err, p.attempts)
	}
}

// whileAsked is a context in which something happens after it was asked whether it has ended, and before the answer is there.
type whileAsked struct {
	context.Context
	happens func()
}

func (w whileAsked) Err() error {
	err := w.Context.Err()
	w.happens()
	return err
}

func TestNoAttemptIsBegunAfterClose(t *testing.T) {
	closed := make(chan struct{})
	p := newPatient(connectFunc(func(ctx context.Context) (driver.Conn, error) {
		select {
		case <-closed:
			t.Error("an attempt is begun, and Close has returned")
		default:
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}), "the server")
	p.ctx = whileAsked{p.ctx, sync.OnceFunc(func() {
		go func() { p.Close(); close(closed) }()
		time.Sleep(50 * time.Millisecond) // which is enough for Close, if it waits for nobody
	})}
	if _, err := p.Connect(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	<-closed
}

type connectFunc func(context.Context) (driver.Conn, error)

func (f connectFunc) Connect(ctx context.Context) (driver.Conn, error) { return f(ctx) }

func (connectFunc) Driver() driver.Driver { return nil }

// TestAStoreThatIsSlowIsLeftAlone calls a store whose server accepts connections and says nothing.
func TestAStoreThatIsSlowIsLeftAlone(t *testing.T) {
	for _, scheme := range []string{"postgres", "mysql"} {
		t.Run(scheme, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			var accepted atomic.Int64
			go func() {
				for {
					if _, err := listener.Accept(); err != nil {
						return
					}
					accepted.Add(1)
				}
			}()
			s, err := OpenUnchecked(scheme + "://u@" + listener.Addr().String() + "/db")
			if err != nil {
				t.Fatal(err)
			}
			for range 6 {
				call, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				if _, err := s.Mode(call); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), listener.Addr().String()) {
					t.Errorf("got %v, want context.DeadlineExceeded, and where", err)
				}
				cancel()
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if n := accepted.Load(); n > 2 {
				t.Errorf("6 calls have made %d connections", n)
			}
		})
	}
}
