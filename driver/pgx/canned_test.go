package pgx_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

// canned is a connection to a server that has one answer to every query, and no network: what
// a call costs stands out against it.
type canned struct {
	net.Conn
	mu     sync.Mutex
	more   sync.Cond // pgx reads in the background where a write takes long
	answer []byte    // to each write
	unread []byte
	closed bool
}

func cannedConfig(t testing.TB) *pgxpool.Config {
	t.Helper()
	config, err := pgxpool.ParseConfig("postgres://u@127.0.0.1/d?sslmode=disable&default_query_exec_mode=simple_protocol")
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		c := &canned{}
		c.more.L = &c.mu
		return c, nil
	}
	return config
}

// encoded returns what the server sends.
func encoded(messages ...pgproto3.BackendMessage) (all []byte) {
	for _, m := range messages {
		all, _ = m.Encode(all)
	}
	return all
}

func (c *canned) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more.Signal()
	if c.answer == nil { // the start
		c.unread = encoded(&pgproto3.AuthenticationOk{},
			&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"},
			&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"},
			&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: make([]byte, 4)}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
		c.answer = encoded(
			&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("n"), DataTypeOID: 23, DataTypeSize: 4}}},
			&pgproto3.DataRow{Values: [][]byte{[]byte("7")}},
			&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
		return len(b), nil
	}
	c.unread = c.answer
	return len(b), nil
}

func (c *canned) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.unread) == 0 {
		if c.closed {
			return 0, net.ErrClosed
		}
		c.more.Wait()
	}
	n := copy(b, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

func (c *canned) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.more.Broadcast()
	return nil
}

func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
