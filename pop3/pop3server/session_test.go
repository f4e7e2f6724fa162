package pop3server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/wiretest"
)

// start serves one connection of h in the background and returns the client's
// end, and a channel that is closed when the server is done with it.
func start(ctx context.Context, options pop3server.Options) (*wiretest.Conn, <-chan struct{}) {
	client, server := wiretest.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pop3server.New(options).ServeConn(ctx, server)
	}()
	return client, done
}

func TestRemovalOnlyAtQuit(t *testing.T) {
	t.Parallel()
	const login = "USER alice\r\nPASS secret\r\n"
	tests := []struct {
		name, input string
		left        int
	}{
		{"quit", login + "DELE 1\r\nDELE 3\r\nQUIT\r\n", 1},
		{"reset", login + "DELE 1\r\nRSET\r\nDELE 2\r\nQUIT\r\n", 2},
		{"nothing marked", login + "QUIT\r\n", 3},
		{"connection lost", login + "DELE 1\r\n", 3},
		{"half a quit", login + "DELE 1\r\nQUIT", 3},
		{"quit with bare LF", login + "DELE 1\r\nQUIT\n", 3},
		{"endless line", login + "DELE 1\r\n" + strings.Repeat("x", 100_000), 3},
		{"too many errors", login + "DELE 1\r\n" + strings.Repeat("X\r\n", 30) + "QUIT\r\n", 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse()
			client, done := start(t.Context(), pop3server.Options{Backend: h, InsecureAuth: true, Limits: quick})
			io.WriteString(client, test.input)
			client.CloseWrite()
			<-done
			if got := h.count("alice"); got != test.left {
				t.Errorf("%d messages are left, want %d", got, test.left)
			}
		})
	}
}

// TestLastWords ends connections over TCP while the client is sending: it reads
// why nevertheless.
func TestLastWords(t *testing.T) {
	t.Parallel()
	for _, input := range []string{strings.Repeat("x", 600<<10), strings.Repeat("x\r\n", 100_000)} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			server, err := ln.Accept()
			if err == nil {
				pop3server.New(pop3server.Options{Backend: newHouse()}).ServeConn(t.Context(), server)
			}
		}()
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := io.WriteString(client, input); err != nil {
			t.Fatal(err)
		}
		client.(*net.TCPConn).CloseWrite()
		got, err := io.ReadAll(client)
		<-done
		if err != nil || !strings.Contains(string(got), "\r\n-ERR ") {
			t.Errorf("got %.200q, %v", got, err)
		}
	}
}

// A client that comes back right after QUIT must not find the maildrop locked.
func TestReleasedBeforeQuitIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse()
	client, done := start(t.Context(), pop3server.Options{Backend: h, InsecureAuth: true})
	io.WriteString(client, "USER alice\r\nPASS secret\r\nQUIT\r\n")
	in := bufio.NewReader(client)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "+OK goodbye") {
			break
		}
	}
	if _, drops := h.open(); drops != 0 {
		t.Error("the maildrop is still open")
	}
	<-done
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	serverConfig, clientConfig := wiretest.TLS(t)
	h := newHouse()
	rawClient, rawServer := wiretest.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server := pop3server.New(pop3server.Options{Backend: h, TLSConfig: serverConfig})
		server.ServeConn(t.Context(), tls.Server(rawServer, serverConfig))
	}()
	client := tls.Client(rawClient, clientConfig)
	io.WriteString(client, "USER alice\r\nPASS secret\r\nSTLS\r\nQUIT\r\n")
	got, err := io.ReadAll(client)
	<-done
	want := "+OK POP3 server ready\r\n+OK send PASS\r\n+OK maildrop has 3 messages (81 octets)\r\n" +
		"-ERR command not valid in this state\r\n+OK goodbye\r\n"
	if string(got) != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if len(h.made) != 1 || h.made[0].TLS == nil || h.made[0].RemoteAddr == nil {
		t.Errorf("the session was told %+v", h.made)
	}
}

func TestSTLSMakesANewSession(t *testing.T) {
	t.Parallel()
	serverConfig, clientConfig := wiretest.TLS(t)
	h := newHouse()
	raw, done := start(t.Context(), pop3server.Options{Backend: h, TLSConfig: serverConfig})
	io.WriteString(raw, "STLS\r\n")
	in := bufio.NewReader(raw)
	for range 2 {
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	client := tls.Client(raw, clientConfig)
	io.WriteString(client, "QUIT\r\n")
	io.ReadAll(client)
	<-done
	if len(h.made) != 2 || h.made[0].TLS != nil || h.made[1].TLS == nil {
		t.Errorf("the sessions were told %+v", h.made)
	}
	if sessions, _ := h.open(); sessions != 0 {
		t.Errorf("%d sessions are left open", sessions)
	}
}

// closed is a Backend that has no session for anyone.
type closed struct{}

func (closed) NewSession(context.Context, pop3server.ConnInfo) (pop3server.Session, error) {
	return nil, errors.New("cannot open /var/lib/mail")
}

func TestNoSession(t *testing.T) {
	t.Parallel()
	client, done := start(t.Context(), pop3server.Options{Backend: closed{}})
	got, err := io.ReadAll(client)
	<-done
	if string(got) != "-ERR [SYS/TEMP] temporary failure, try again later\r\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// read returns what is sent until the connection ends or the server waits.
func read(conn net.Conn) string {
	synctest.Wait()
	conn.SetReadDeadline(time.Now())
	defer conn.SetReadDeadline(time.Time{})
	var got strings.Builder
	for buf := make([]byte, 4096); ; {
		conn.SetReadDeadline(time.Now().Add(time.Nanosecond))
		n, err := conn.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			return got.String()
		}
	}
}

func TestStopsAtCommandBoundary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := newHouse()
		client, done := start(ctx, pop3server.Options{Backend: h, InsecureAuth: true})
		io.WriteString(client, "USER alice\r\nPASS secret\r\nDELE 1\r\n")
		read(client)
		cancel()
		<-done
		if got := h.count("alice"); got != 3 {
			t.Errorf("%d messages are left", got)
		}
		if sessions, drops := h.open(); sessions+drops != 0 {
			t.Errorf("%d sessions, %d maildrops are left open", sessions, drops)
		}
		if got := read(client); got != "" {
			t.Errorf("said %q", got)
		}
	})
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, input string
		least, most time.Duration
	}{
		{"silent before login", "", 2 * time.Minute, 2 * time.Minute},
		{"half a command", "USER al", 2 * time.Minute, 2 * time.Minute},
		{"in an exchange", "AUTH PLAIN\r\n", 2 * time.Minute, 2 * time.Minute},
		{"in the transaction state", "USER alice\r\nPASS secret\r\n", 10 * time.Minute, 10 * time.Minute},
		{"wrong passwords", strings.Repeat("USER alice\r\nPASS x\r\n", 9), 7500 * time.Millisecond, 8 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				client, done := start(t.Context(), pop3server.Options{Backend: newHouse(), InsecureAuth: true})
				io.WriteString(client, test.input)
				<-done
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("closed after %v", took)
				}
			})
		})
	}
}

// TestPause has clients fall silent: the maildrop hears of it once for each
// command, and what was sent of a line is not lost.
func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		client, done := start(t.Context(), pop3server.Options{Backend: h, InsecureAuth: true})
		say := func(text, want string, pauses int32) {
			t.Helper()
			io.WriteString(client, text)
			if got := read(client); !strings.HasPrefix(got, want) || got != "" && want == "" {
				t.Errorf("%q is answered by %q, want %q", text, got, want)
			}
			if got := h.pauses.Load(); got != pauses {
				t.Errorf("before %q %d pauses, want %d", text, got, pauses)
			}
		}
		time.Sleep(time.Minute)
		say("USER alice\r\nPASS secret\r\n", "+OK", 0)
		time.Sleep(900 * time.Millisecond)
		say("RETR 1\r\n", "+OK", 0)
		time.Sleep(9 * time.Minute)
		say("NO", "", 1)
		time.Sleep(50 * time.Second)
		say("OP\r\nST", "+OK", 1)
		time.Sleep(9 * time.Minute)
		say("AT\r\n", "+OK", 2)
		say("QUIT\r\n", "+OK", 2)
		<-done
	})
}

// A client that sends a command now and then before it logs in, or an octet
// now and then, does not hold its connection for ever.
func TestDripDoesNotExtendLogin(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"x", "CAPA\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			client, done := start(t.Context(), pop3server.Options{Backend: newHouse()})
			for err := error(nil); err == nil; {
				time.Sleep(time.Second)
				_, err = io.WriteString(client, piece)
			}
			<-done
			if took := time.Since(began); took > 2*time.Minute+2*time.Second {
				t.Errorf("%q kept the connection for %v", piece, took)
			}
		})
	}
}

func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.mail["big"] = []letter{{"u", strings.Repeat("x", 4<<20)}}
		client, done := start(t.Context(), pop3server.Options{Backend: h, InsecureAuth: true})
		began := time.Now()
		io.WriteString(client, "USER big\r\nPASS secret\r\nRETR 1\r\n")
		<-done
		if took := time.Since(began); took != 2*time.Minute {
			t.Errorf("closed after %v", took)
		}
	})
}

// Responses to commands that arrive together leave in one write.
func TestResponsesAreBatched(t *testing.T) {
	t.Parallel()
	client, server := wiretest.Pipe()
	counted := &countingConn{Conn: server}
	io.WriteString(client, "USER alice\r\nPASS secret\r\n"+strings.Repeat("NOOP\r\n", 40)+"QUIT\r\n")
	pop3server.New(pop3server.Options{Backend: newHouse(), InsecureAuth: true}).ServeConn(t.Context(), counted)
	if counted.writes > 2 {
		t.Errorf("%d writes", counted.writes)
	}
}

type countingConn struct {
	net.Conn
	writes int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestNewNeedsABackend(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	pop3server.New(pop3server.Options{})
}

func FuzzServe(f *testing.F) {
	f.Add([]byte("USER alice\r\nPASS secret\r\nLIST\r\nUIDL 1\r\nRETR 1\r\nTOP 1 1\r\nDELE 1\r\nQUIT\r\n"))
	f.Add([]byte("AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\nSTAT\r\nRSET\r\nNOOP\r\nCAPA\r\n"))
	f.Add([]byte("AUTH PROOF =\r\n\r\nLIST 1 1\r\nTOP 1 -1\r\nSTLS\r\n"))
	f.Add([]byte("AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9eA==\r\n*\r\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		h := newHouse()
		conn := &tape{Reader: bytes.NewReader(input)}
		_, conn.Conn = wiretest.Pipe()
		pop3server.New(pop3server.Options{Backend: h, InsecureAuth: true, Limits: quick}).ServeConn(t.Context(), conn)
		if sessions, drops := h.open(); sessions+drops != 0 {
			t.Fatal("something is left open")
		}
		if h.count("alice") < 3 && !strings.Contains(strings.ToUpper(string(input)), "QUIT") {
			t.Fatal("removed without QUIT")
		}
		if got := conn.said.String(); !strings.HasPrefix(got, "+OK") || !strings.HasSuffix(got, "\r\n") {
			t.Fatalf("said %q", got)
		}
	})
}

// A tape is a connection whose input is given and whose output is kept.
type tape struct {
	net.Conn
	io.Reader
	said bytes.Buffer
}

func (c *tape) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c *tape) Write(p []byte) (int, error) { return c.said.Write(p) }

// A drain is a connection whose input is given and whose output is lost.
type drain struct {
	net.Conn
	io.Reader
}

func (c drain) Read(p []byte) (int, error)     { return c.Reader.Read(p) }
func (drain) Write(p []byte) (int, error)      { return len(p), nil }
func (drain) SetReadDeadline(time.Time) error  { return nil }
func (drain) SetWriteDeadline(time.Time) error { return nil }

func serveInput(b *testing.B, h *house, input string) {
	b.Helper()
	_, conn := wiretest.Pipe()
	server := pop3server.New(pop3server.Options{Backend: h, InsecureAuth: true})
	commands := io.MultiReader(strings.NewReader("USER alice\r\nPASS secret\r\n"),
		&repeated{line: input, times: b.N})
	b.ReportAllocs()
	b.ResetTimer()
	server.ServeConn(b.Context(), drain{conn, commands})
}

// repeated is a reader of the same line many times.
type repeated struct {
	line  string
	times int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	r.times--
	return copy(p, r.line), nil
}

func BenchmarkRETR(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h := newHouse()
			text := strings.Repeat(strings.Repeat("x", 74)+"\r\n", size/76)
			h.mail["alice"] = []letter{{"u", text}}
			b.SetBytes(int64(len(text)))
			serveInput(b, h, "RETR 1\r\n")
		})
	}
}

func BenchmarkUIDL100k(b *testing.B) {
	h := newHouse()
	h.mail["alice"] = nil
	for i := range 100_000 {
		h.mail["alice"] = append(h.mail["alice"], letter{uid: fmt.Sprintf("%08x%08x", 1, i)})
	}
	serveInput(b, h, "UIDL\r\n")
}
