package pop3client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3client"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/wiretest"
)

// loggedIn returns a client in the TRANSACTION state.
func loggedIn(t testing.TB, s *store) *pop3client.Client {
	t.Helper()
	c := connect(t, s, pop3server.Options{InsecureAuth: true}, pop3client.Options{InsecureAuth: true})
	if _, err := c.Capabilities(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Login(t.Context(), "alice", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSession(t *testing.T) {
	t.Parallel()
	s := newStore()
	c := loggedIn(t, s)
	ctx := t.Context()
	if c.Greeting() != "POP3 server ready" {
		t.Errorf("greeting %q", c.Greeting())
	}
	count, octets, err := c.Stat(ctx)
	if count != 100 || octets != 6842 || err != nil {
		t.Errorf("STAT: %d, %d, %v", count, octets, err)
	}
	all, err := c.List(ctx)
	if len(all) != 100 || all[9] != (pop3client.Listing{Number: 10, Size: 28}) || err != nil {
		t.Errorf("LIST: %v, %v", all, err)
	}
	ids, err := c.UIDL(ctx)
	if len(ids) != 100 || ids[9] != (pop3client.UniqueID{Number: 10, UID: "uid10"}) || err != nil {
		t.Errorf("UIDL: %v, %v", ids, err)
	}
	one, err := c.ListMessage(ctx, 3)
	if one != (pop3client.Listing{Number: 3, Size: 20}) || err != nil {
		t.Errorf("LIST 3: %v, %v", one, err)
	}
	id, err := c.UIDLMessage(ctx, 3)
	if id != (pop3client.UniqueID{Number: 3, UID: "uid3"}) || err != nil {
		t.Errorf("UIDL 3: %v, %v", id, err)
	}
	if err := errors.Join(c.Noop(ctx), c.Delete(ctx, 1), c.Reset(ctx), c.Delete(ctx, 5, 64, 65, 100), c.Quit(ctx)); err != nil {
		t.Error(err)
	}
	if err := c.Noop(ctx); !errors.Is(err, pop3client.ErrClosed) {
		t.Errorf("after Quit: %v", err)
	}
	if !slices.Equal(s.removed, []int{5, 64, 65, 100}) {
		t.Errorf("removed %v", s.removed)
	}
}

func TestRetrieve(t *testing.T) {
	t.Parallel()
	s := newStore()
	c := loggedIn(t, s)
	m, err := c.Retrieve(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(t.Context()); !errors.Is(err, pop3client.ErrBusy) {
		t.Errorf("a command while a message is open: %v", err)
	}
	got, err := io.ReadAll(m)
	if string(got) != s.messages[2] || err != nil || m.Close() != nil || m.Close() != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := m.Read(make([]byte, 1)); !errors.Is(err, pop3client.ErrClosed) {
		t.Errorf("read of a closed message: %v", err)
	}
	top, err := c.Top(t.Context(), 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = io.ReadAll(top); string(got) != "Subject: 3\r\n\r\n" || err != nil {
		t.Errorf("TOP: %q, %v", got, err)
	}
	top.Close()
	unread, err := c.Retrieve(t.Context(), 4)
	if err != nil || unread.Close() != nil {
		t.Error("cannot close an unread message")
	}
	var refused *pop3.Error
	if _, err := c.Retrieve(t.Context(), 101); !errors.As(err, &refused) {
		t.Errorf("RETR 101: %v", err)
	}
	if err := c.Noop(t.Context()); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

func TestRetrieveAll(t *testing.T) {
	t.Parallel()
	s := newStore()
	c := loggedIn(t, s)
	var numbers, seen []int
	for n := 1; n <= 100; n++ {
		numbers = append(numbers, n)
	}
	err := c.RetrieveAll(t.Context(), numbers, func(n int, m io.Reader) error {
		seen = append(seen, n)
		if n%2 == 0 {
			return nil // unread
		}
		got, err := io.ReadAll(m)
		if string(got) != s.messages[n-1] {
			t.Errorf("message %d: %q", n, got)
		}
		if err := c.Noop(t.Context()); !errors.Is(err, pop3client.ErrBusy) {
			t.Errorf("a command within: %v", err)
		}
		return err
	})
	if diff := cmp.Diff(numbers, seen); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestRetrieveAllEnds(t *testing.T) {
	t.Parallel()
	c := loggedIn(t, newStore())
	enough := errors.New("enough")
	calls := 0
	deliver := func(n int, _ io.Reader) error {
		calls++
		if n == 3 {
			return enough
		}
		return nil
	}
	numbers := make([]int, 90)
	for i := range numbers {
		numbers[i] = i + 1
	}
	if err := c.RetrieveAll(t.Context(), numbers, deliver); !errors.Is(err, enough) || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
	var refused *pop3.Error
	if err := c.RetrieveAll(t.Context(), []int{1, 500, 2}, deliver); !errors.As(err, &refused) || calls != 4 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if err := c.Delete(t.Context(), 1, 500, 2); !errors.As(err, &refused) {
		t.Errorf("DELE 500: %v", err)
	}
	if count, _, err := c.Stat(t.Context()); count != 98 || err != nil {
		t.Errorf("in the end %d, %v", count, err)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	tests := []struct {
		name   string
		client sasl.Client
		ok     bool
	}{
		{"plain", sasl.NewPlainClient("", "alice", "secret"), true},
		{"plain, wrong", sasl.NewPlainClient("", "alice", "x"), false},
		{"plain, not inline", sasl.NewPlainClient(long, "alice", "secret"), true},
		{"login", sasl.NewLoginClient("alice", "secret"), true},
		{"login, wrong", sasl.NewLoginClient("alice", "x"), false},
		{"scram", sasl.NewSCRAMClient("", "alice", "secret"), true},
		{"scram, wrong", sasl.NewSCRAMClient("", "alice", "x"), false},
		{"scram, unknown", sasl.NewSCRAMClient("", "bob", "secret"), false},
		{"unknown mechanism", mechanism("CRAM-MD5"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, newStore(), pop3server.Options{InsecureAuth: true}, pop3client.Options{InsecureAuth: true})
			err := c.Authenticate(t.Context(), test.client)
			if (err == nil) != test.ok {
				t.Fatal(err)
			}
			var refused *pop3.Error
			if !test.ok && !errors.As(err, &refused) {
				t.Fatalf("refused by %v", err)
			}
			if _, _, err := c.Stat(t.Context()); (err == nil) != test.ok {
				t.Errorf("STAT: %v", err)
			}
		})
	}
}

// mechanism is a SASL client that only has a name.
type mechanism string

func (m mechanism) Start() (string, []byte, error) { return string(m), nil, nil }
func (m mechanism) Next(c []byte) ([]byte, error)  { return nil, errors.New("no idea") }

func TestStartTLS(t *testing.T) {
	t.Parallel()
	serverConfig, clientConfig := wiretest.TLS(t)
	s := newStore()
	c := connect(t, s, pop3server.Options{TLSConfig: serverConfig}, pop3client.Options{})
	ctx := t.Context()
	if err := c.Login(ctx, "alice", "secret"); !errors.Is(err, pop3client.ErrInsecure) {
		t.Errorf("password in the clear: %v", err)
	}
	plain := sasl.NewPlainClient("", "alice", "secret")
	if err := c.Authenticate(ctx, plain); !errors.Is(err, pop3client.ErrInsecure) {
		t.Errorf("password in the clear: %v", err)
	}
	caps, err := c.Capabilities(ctx)
	if err != nil || !caps.Has("STLS") || caps.HasMechanism("PLAIN") || !caps.HasMechanism("scram-sha-256") {
		t.Fatal(caps, err)
	}
	if err := c.StartTLS(ctx, clientConfig); err != nil {
		t.Fatal(err)
	}
	if caps, err = c.Capabilities(ctx); err != nil || caps.Has("STLS") || !caps.Has("USER") {
		t.Error(caps, err)
	}
	var refused *pop3.Error
	if err := c.StartTLS(ctx, clientConfig); !errors.As(err, &refused) {
		t.Errorf("TLS in TLS: %v", err)
	}
	if err := c.Login(ctx, "alice", "secret"); err != nil {
		t.Error(err)
	}
}

func TestStartTLSWithStranger(t *testing.T) {
	t.Parallel()
	serverConfig, _ := wiretest.TLS(t)
	_, clientConfig := wiretest.TLS(t)
	c := connect(t, newStore(), pop3server.Options{TLSConfig: serverConfig}, pop3client.Options{})
	if err := c.StartTLS(t.Context(), clientConfig); err == nil {
		t.Fatal("the certificate of a stranger is taken")
	}
	if err := c.Noop(t.Context()); err == nil {
		t.Error("the connection goes on")
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	c := connect(t, newStore(), pop3server.Options{InsecureAuth: true}, pop3client.Options{InsecureAuth: true})
	for _, bad := range [][2]string{{"alice\r\nQUIT", "x"}, {"alice", "a\nb"}, {"", "x"}, {"alice", ""}, {"a\x00", "x"}} {
		if err := c.Login(t.Context(), bad[0], bad[1]); !errors.Is(err, pop3client.ErrArgument) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Noop(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	if err := c.Login(t.Context(), "alice", "secret"); err != nil {
		t.Errorf("after calls that were not made: %v", err)
	}
}

// A done context ends a command, and the connection with it.
func TestContextEndsCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := wiretest.Pipe()
		c := open(t, near, pop3client.Options{}, func() {
			io.WriteString(far, "+OK\r\n")
			io.Copy(io.Discard, far)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := c.Noop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := c.Noop(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("later: %v", err)
		}
	})
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := wiretest.Pipe()
		defer far.Close()
		began := time.Now()
		_, err := pop3client.New(t.Context(), near, pop3client.Options{})
		var timeout net.Error
		if !errors.As(err, &timeout) || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// What strange servers say, as dialogues; the file's name says which method
// is called.
func TestDialogues(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *pop3client.Client) error{
		"noop": func(ctx context.Context, c *pop3client.Client) error { return c.Noop(ctx) },
		"stat": func(ctx context.Context, c *pop3client.Client) error { _, _, err := c.Stat(ctx); return err },
		"list": func(ctx context.Context, c *pop3client.Client) error { _, err := c.List(ctx); return err },
		"uidl": func(ctx context.Context, c *pop3client.Client) error { _, err := c.UIDL(ctx); return err },
		"capa": func(ctx context.Context, c *pop3client.Client) error { _, err := c.Capabilities(ctx); return err },
		"auth": func(ctx context.Context, c *pop3client.Client) error {
			return c.Authenticate(ctx, mechanism("TEST"))
		},
		"scram": func(ctx context.Context, c *pop3client.Client) error {
			return c.Authenticate(ctx, sasl.NewSCRAMClient("", "alice", "secret"))
		},
		"stls": func(ctx context.Context, c *pop3client.Client) error { return c.StartTLS(ctx, nil) },
		"retr": func(ctx context.Context, c *pop3client.Client) error {
			m, err := c.Retrieve(ctx, 1)
			if err != nil {
				return err
			}
			return m.Close()
		},
	}
	for name, call := range calls {
		wiretest.RunClient(t, "testdata/"+name+"-*.txt", func(ctx context.Context, conn net.Conn) {
			c, err := pop3client.New(ctx, conn, pop3client.Options{MaxMessages: 3})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			defer c.Close()
			err = call(ctx, c)
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			// Only after a refusal the connection goes on.
			var refused *pop3.Error
			if next := c.Noop(ctx); (next == nil) != errors.As(err, &refused) {
				t.Errorf("%s: %v, and then %v", name, err, next)
			}
		})
	}
}

func FuzzClient(f *testing.F) {
	f.Add([]byte("+OK\r\n+OK\r\nUIDL\r\nSASL PLAIN\r\n.\r\n+OK 2 320\r\n+OK\r\n1 2\r\n.\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n..x\r\n.\r\n"))
	f.Add([]byte("+OK\r\n-ERR [IN-USE] no\r\n+ \r\n"))
	f.Add([]byte("+OK\r\n+OK\r\nPIPELINING\r\n.\r\n+OK 1 1\r\n+ AAAA\r\n-ERR\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		_, far := wiretest.Pipe()
		ctx := t.Context()
		c, err := pop3client.New(ctx, tape{far, bytes.NewReader(said)}, pop3client.Options{MaxMessages: 10, InsecureAuth: true})
		if err != nil {
			return
		}
		defer c.Close()
		c.Capabilities(ctx)
		c.Stat(ctx)
		c.Authenticate(ctx, sasl.NewLoginClient("alice", "secret"))
		if all, _ := c.List(ctx); len(all) > 10 {
			t.Fatalf("%d listings", len(all))
		}
		c.UIDL(ctx)
		if m, err := c.Retrieve(ctx, 1); err == nil {
			io.Copy(io.Discard, m)
			m.Close()
		}
		c.Delete(ctx, 1, 2, 3)
		c.Quit(ctx)
	})
}

// A tape is a connection whose input is given, an octet or so at a time, and
// whose output is lost.
type tape struct {
	net.Conn
	io.Reader
}

func (c tape) Read(p []byte) (int, error)     { return c.Reader.Read(p[:min(len(p), 7)]) }
func (tape) Write(p []byte) (int, error)      { return len(p), nil }
func (tape) SetDeadline(time.Time) error      { return nil }
func (tape) SetReadDeadline(time.Time) error  { return nil }
func (tape) SetWriteDeadline(time.Time) error { return nil }
