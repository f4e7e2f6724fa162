package imapserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/wiretest"
)

// A peer is a client that speaks raw lines.
type peer struct {
	t    *testing.T
	conn *wiretest.Conn
	in   *bufio.Reader
	done chan struct{} // closed when the server is done
}

func connect(ctx context.Context, t *testing.T, s *imapserver.Server) *peer {
	near, far := wiretest.Pipe()
	p := &peer{t: t, conn: near, in: bufio.NewReader(near), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		s.ServeConn(ctx, far)
	}()
	p.want("* OK [CAPABILITY")
	return p
}

func (p *peer) send(format string, args ...any) {
	fmt.Fprintf(p.conn, format+"\r\n", args...)
}

// want reads the next line, which must begin with prefix.
func (p *peer) want(prefix string) {
	p.t.Helper()
	line, err := p.in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, prefix) {
		p.t.Fatalf("got %q, %v; want %q", line, err, prefix)
	}
}

// wantEnd checks that nothing more comes.
func (p *peer) wantEnd() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.in); err != nil || len(rest) > 0 {
		p.t.Fatalf("got %q, %v; want the end", rest, err)
	}
	<-p.done
	p.conn.Close()
}

func TestTimeouts(t *testing.T) {
	for name, test := range map[string]struct {
		lines []string
		wait  time.Duration
		want  string
	}{
		"before authentication": {nil, 2 * time.Minute, "* BYE Idle"},
		"authenticated":         {[]string{"a LOGIN alice secret"}, 30 * time.Minute, "* BYE Idle"},
		"idle":                  {[]string{"a LOGIN alice secret", "b IDLE"}, 30 * time.Minute, "* BYE Idle"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connect(t.Context(), t, newServer(t, nil))
				for _, line := range test.lines {
					p.send("%s", line)
					p.in.ReadString('\n')
				}
				start := time.Now()
				p.want(test.want)
				if d := time.Since(start); d != test.wait {
					t.Errorf("timed out after %v, want %v", d, test.wait)
				}
				p.wantEnd()
			})
		})
	}
}

// TestSlowSender has a client begin a line, or a literal, and stop.
func TestSlowSender(t *testing.T) {
	for _, start := range []string{"a LOGIN al", "a LOGIN {100+}\r\nali"} {
		synctest.Test(t, func(t *testing.T) {
			p := connect(t.Context(), t, newServer(t, nil))
			io.WriteString(p.conn, start)
			p.want("* BYE Too slow")
			p.wantEnd()
		})
	}
}

// TestDripDoesNotExtend has a client send an octet of a command now and then:
// that gives it no more time.
func TestDripDoesNotExtend(t *testing.T) {
	for _, start := range []string{
		"a LOGIN ",
		"a LOGIN {4000+}\r\n",
		"a AUTHENTICATE PLAIN\r\n",
		"a LOGIN alice secret\r\nb NO",
		"a LOGIN alice secret\r\nb APPEND INBOX {900+}\r\n",
	} {
		t.Run(start, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connect(t.Context(), t, newServer(t, nil))
				io.WriteString(p.conn, start)
				var drip sync.WaitGroup
				drip.Go(func() {
					for err := error(nil); err == nil; time.Sleep(50 * time.Second) {
						_, err = io.WriteString(p.conn, "x")
					}
				})
				begin := time.Now()
				rest, _ := io.ReadAll(p.in)
				if d := time.Since(begin); d != 2*time.Minute || !strings.Contains(string(rest), "* BYE ") {
					t.Errorf("ended after %v: %q", d, rest)
				}
				<-p.done
				p.conn.Close()
				drip.Wait()
			})
		})
	}
}

// TestLoginTimeout has clients that are never silent for long and never log in:
// their time is bounded, and begins anew with UNAUTHENTICATE.
func TestLoginTimeout(t *testing.T) {
	for name, test := range map[string]struct{ begin, piece string }{
		"commands":             {"", "n NOOP\r\n"},
		"answers":              {"", "n CAPABILITY\r\nm ID NIL\r\n"},
		"pieces":               {"n NO", "OP\r\nn NO"},
		"literals":             {"", "n LOGIN {1+}\r\n"},
		"after UNAUTHENTICATE": {"a LOGIN alice secret\r\nb UNAUTHENTICATE\r\n", "n NOOP\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connect(t.Context(), t, newServer(t, nil))
				begin := time.Now()
				io.WriteString(p.conn, test.begin)
				var drip sync.WaitGroup
				drip.Go(func() {
					for err := error(nil); err == nil; time.Sleep(50 * time.Second) {
						_, err = io.WriteString(p.conn, test.piece)
					}
				})
				rest, _ := io.ReadAll(p.in)
				if d := time.Since(begin); d != 5*time.Minute || !strings.HasSuffix(string(rest), "* BYE Login takes too long\r\n") {
					t.Errorf("ended after %v: %q", d, rest)
				}
				<-p.done
				p.conn.Close()
				drip.Wait()
			})
		})
	}
}

// TestLoginInTime has a client that logs in at the last moment: then the time of
// RFC 9051 §5.4 applies.
func TestLoginInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t.Context(), t, newServer(t, nil))
		for range 4 {
			time.Sleep(time.Minute)
			p.send("a NOOP")
			p.want("a OK")
		}
		time.Sleep(time.Minute - 1)
		p.send("b LOGIN alice secret")
		p.want("b OK")
		time.Sleep(29 * time.Minute)
		p.send("c NOOP")
		p.want("c OK")
		p.send("d LOGOUT")
		p.want("* BYE")
		p.want("d OK")
		p.wantEnd()
	})
}

// TestHandshakeTimeout has a client begin TLS and say nothing more.
func TestHandshakeTimeout(t *testing.T) {
	config, _ := wiretest.TLS(t)
	synctest.Test(t, func(t *testing.T) {
		p := connect(t.Context(), t, newServer(t, func(o *imapserver.Options) { o.TLS = config }))
		p.send("a STARTTLS")
		p.want("a OK")
		begin := time.Now()
		p.wantEnd()
		if d := time.Since(begin); d != 2*time.Minute {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestDeaf has a client that does not read: the server gives up.
func TestDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			newServer(t, nil).ServeConn(t.Context(), far)
		}()
		<-done
		near.Close()
	})
}

// TestShutdown ends connections that wait, and lets a command finish.
func TestShutdown(t *testing.T) {
	for name, lines := range map[string][]string{
		"greeted": nil,
		"idle":    {"a LOGIN alice secret", "b IDLE"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				p := connect(ctx, t, newServer(t, nil))
				for _, line := range lines {
					p.send("%s", line)
					p.in.ReadString('\n')
				}
				synctest.Wait()
				cancel()
				p.want("* BYE [UNAVAILABLE]")
				p.wantEnd()
			})
		})
	}
}

// TestAuthFailuresSlowDown measures the pauses after wrong passwords.
func TestAuthFailuresSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t.Context(), t, newServer(t, func(o *imapserver.Options) {
			o.AuthFailureDelay = time.Second
		}))
		for _, pause := range []time.Duration{1, 2, 4, 8} {
			start := time.Now()
			p.send("a LOGIN alice wrong")
			p.want("a NO [AUTHENTICATIONFAILED]")
			if d := time.Since(start); d != pause*time.Second {
				t.Errorf("pause is %v, want %vs", d, int(pause))
			}
		}
		p.conn.Close()
		<-p.done
	})
}

// TestHalfPipelined has a client wait for an answer in the middle of its next
// command.
func TestHalfPipelined(t *testing.T) {
	p := connect(t.Context(), t, newServer(t, nil))
	io.WriteString(p.conn, "a NOOP\r\nb NO")
	p.want("a OK")
	io.WriteString(p.conn, "OP\r\n")
	p.want("b OK")
	p.conn.Close()
	<-p.done
}

// TestLastWords ends connections over TCP while the client is sending: it reads
// why nevertheless.
func TestLastWords(t *testing.T) {
	for input, want := range map[string]string{
		"a NOOP " + strings.Repeat("x", 600<<10): "* BYE [LIMIT]",
		strings.Repeat("x y\r\n", 100_000):       "* BYE Too many",
	} {
		client, server := tcpPair(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			newServer(t, nil).ServeConn(t.Context(), server)
		}()
		if _, err := io.WriteString(client, input); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(client)
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("got %.200q, %v", got, err)
		}
		client.Close()
		<-done
	}
}

// tcpPair returns the two ends of a connection whose end can be lost.
func tcpPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// TestTooManyBad ends a connection that speaks another language.
func TestTooManyBad(t *testing.T) {
	p := connect(t.Context(), t, newServer(t, func(o *imapserver.Options) { o.MaxBad = 3 }))
	for range 3 {
		p.send("GET / HTTP/1.1")
		p.want("GET BAD")
	}
	p.want("* BYE Too many bad commands")
	p.wantEnd()
}

// TestPanicEndsOneConnection has a session that panics.
func TestPanicEndsOneConnection(t *testing.T) {
	p := connect(t.Context(), t, newServer(t, func(o *imapserver.Options) {
		o.Backend = panicking{newStore()}
	}))
	p.send("a LOGIN alice secret")
	p.wantEnd()
}

type panicking struct{ imapserver.Backend }

func (b panicking) NewSession(ctx context.Context, info *imapserver.ConnInfo) (imapserver.Session, error) {
	s, err := b.Backend.NewSession(ctx, info)
	return panickingSession{s}, err
}

type panickingSession struct{ imapserver.Session }

func (panickingSession) Login(context.Context, string, string) error { panic("a mistake") }

// FuzzCommands gives a server whatever bytes a client may send. It must
// neither panic nor hang.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{
		"c SELECT INBOX\r\nd FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (To)]<0.3> BINARY[1] ENVELOPE BODYSTRUCTURE)\r\n",
		"c SELECT INBOX\r\nd UID SEARCH RETURN (SAVE MIN) CHARSET UTF-8 OR (NOT 1:*) HEADER a {1+}\r\nb SINCE 1-Feb-2020 MODSEQ 1\r\ne STORE $ +FLAGS.SILENT (a)\r\n",
		"c APPEND INBOX (\\Seen) \" 1-Jan-2020 00:00:00 +0000\" {3+}\r\nabc (a) {2+}\r\nxx\r\n",
		"c ENABLE IMAP4rev2 QRESYNC\r\nd SELECT INBOX (QRESYNC (1001 1 1:3 (1 1)))\r\ne UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)\r\nf MOVE 1 INBOX\r\ng UID EXPUNGE 1:*\r\n",
		"c LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% *) RETURN (STATUS (SIZE) CHILDREN)\r\nd CREATE &AOk- (USE (\\Sent))\r\ne STATUS INBOX (MESSAGES)\r\nf IDLE\r\nDONE\r\n",
		"c GETMETADATA (MAXSIZE 1 DEPTH infinity) INBOX (/private /shared/comment)\r\nd SETMETADATA \"\" (/private/a ~{3+}\r\na\x00b /shared/b NIL)\r\n",
		"c NOTIFY SET STATUS (selected MessageNew (uid body[]) MessageExpunge) (subtree (a b) (MailboxName))\r\nd NOTIFY NONE\r\ne NOTIFY SET (mailboxes x (FlagChange))\r\n",
		"c SELECT INBOX\r\nd UID SEARCH RETURN (PARTIAL -1:-2 SAVE) UIDAFTER 1\r\ne UID FETCH $ (FLAGS) (PARTIAL 1:1 CHANGEDSINCE 1)\r\nf ENABLE UIDONLY\r\ng FETCH 1 UID\r\nh UID STORE 1 FLAGS (a)\r\n",
		"c RENAME INBOX a\r\nd NOOP {5+}\r\nabcde {99999999999+}\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		near, far := wiretest.Pipe()
		done := make(chan struct{})
		watchdog := time.AfterFunc(10*time.Second, func() { panic("the server hangs") })
		defer watchdog.Stop()
		go func() {
			defer close(done)
			newServer(t, nil).ServeConn(context.Background(), far)
		}()
		go func() {
			io.WriteString(near, "a LOGIN alice secret\r\n"+script)
			near.CloseWrite()
		}()
		out, _ := io.ReadAll(near)
		<-done
		near.Close()
		if !strings.HasSuffix(string(out), "\r\n") {
			t.Errorf("output does not end with a line end: %q", out)
		}
		if strings.Contains(string(out), "[SERVERBUG]") {
			t.Errorf("a bug: %q", out)
		}
	})
}
