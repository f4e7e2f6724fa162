package pop3session_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/face/pop3session"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/wiretest"
)

// dial begins a session of its own on a raw connection.
func dial(t *testing.T, s *mailtest.Server) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr("pop3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReader(conn)
	say(t, conn, in, "", "+OK")
	say(t, conn, in, "USER "+ann, "+OK")
	say(t, conn, in, "PASS "+mailtest.Password, "+OK")
	return conn.(*net.TCPConn), in
}

func say(t *testing.T, conn net.Conn, in *bufio.Reader, command, want string) string {
	t.Helper()
	if command != "" {
		if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, want) {
		t.Fatalf("%q is answered with %q, %v", command, line, err)
	}
	return line
}

// TestBrokenConnection resets a connection in the midst of a session, and of a
// message: the maildrop is free again, and nothing was removed.
func TestBrokenConnection(t *testing.T) {
	t.Parallel()
	s := start(t, "one", "two")
	s.Deliver("far@elsewhere.test", ann, "Subject: large\r\n\r\n"+strings.Repeat("x\r\n", 1<<20))
	for _, last := range []string{"DELE 1", "RETR 3"} {
		conn, in := dial(t, s)
		say(t, conn, in, "DELE 2", "+OK")
		say(t, conn, in, last, "+OK")
		if err := conn.SetLinger(0); err != nil { // so that Close resets
			t.Fatal(err)
		}
		conn.Close()
		c := waitForMaildrop(t, s)
		if n, _, err := c.Stat(t.Context()); n != 3 || err != nil {
			t.Errorf("after a reset behind %s %d messages, %v", last, n, err)
		}
		quit(t, c)
	}
}

// TestAutologout lets a session be silent for longer than RFC 1939 §3 allows:
// it ends without an UPDATE state, and frees the maildrop.
func TestAutologout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		backend := newModelBackend(t, ann)
		first, in := backend.connect(t)
		backend.logIn(t, first, in, "+OK")
		say(t, first, in, "DELE 1", "+OK")

		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		second, in2 := backend.connect(t)
		backend.logIn(t, second, in2, "-ERR [IN-USE]")

		time.Sleep(time.Second)
		synctest.Wait()
		if line, err := in.ReadString('\n'); err == nil {
			t.Errorf("the server says %q at the end", line)
		}
		backend.logIn(t, second, in2, "+OK")
		say(t, second, in2, "STAT", "+OK 1 ")
		say(t, second, in2, "QUIT", "+OK")
		first.Close()
		second.Close()
		backend.stop()
	})
}

// A modelBackend serves connections in memory, with models in memory.
type modelBackend struct {
	server *pop3server.Server
	ctx    context.Context
	stop   context.CancelFunc
}

func newModelBackend(t *testing.T, address string) *modelBackend {
	m := mailtest.NewModels(t, []mailtest.Account{{Address: address}})
	b := &modelBackend{server: pop3server.New(pop3server.Options{
		InsecureAuth: true,
		Backend: pop3session.New(pop3session.Options{
			Login: login.New(login.Options{Directory: m.Directory}), Retrieval: newRetrieval(m),
		}),
	})}
	deliver(t, m, address, message("one"))
	b.ctx, b.stop = context.WithCancel(t.Context())
	return b
}

func (b *modelBackend) connect(t *testing.T) (net.Conn, *bufio.Reader) {
	near, far := wiretest.Pipe()
	go b.server.ServeConn(b.ctx, far)
	in := bufio.NewReader(near)
	say(t, near, in, "", "+OK")
	return near, in
}

func (b *modelBackend) logIn(t *testing.T, conn net.Conn, in *bufio.Reader, want string) {
	t.Helper()
	say(t, conn, in, "USER "+ann, "+OK")
	say(t, conn, in, "PASS "+mailtest.Password, want)
}
