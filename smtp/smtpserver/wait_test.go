package smtpserver

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/wiretest"
)

// A dialogue drives a server in a synctest bubble.
type dialogue struct {
	t       *testing.T
	conn    *wiretest.Conn
	in      *bufio.Reader
	stop    context.CancelFunc
	ended   chan struct{}
	backend *fakeBackend
}

func newDialogue(t *testing.T, opts Options) *dialogue {
	t.Helper()
	client, server := wiretest.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	d := &dialogue{t: t, conn: client, in: bufio.NewReader(client), stop: stop, ended: make(chan struct{})}
	d.backend = &fakeBackend{}
	opts.Hostname, opts.Backend = "mx.example.test", d.backend
	go func() {
		defer close(d.ended)
		New(opts).ServeConn(ctx, server)
	}()
	return d
}

func (d *dialogue) send(text string) {
	d.t.Helper()
	if _, err := io.WriteString(d.conn, text); err != nil {
		d.t.Fatal(err)
	}
}

// expect reads a reply that begins with prefix.
func (d *dialogue) expect(prefix string) {
	d.t.Helper()
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			d.t.Fatalf("waiting for %q: %v", prefix, err)
		}
		if line[3] == '-' {
			continue
		}
		if !strings.HasPrefix(line, prefix) {
			d.t.Fatalf("got %q, want %q", line, prefix)
		}
		return
	}
}

// end waits for the server to end the connection.
func (d *dialogue) end() {
	d.t.Helper()
	if rest, err := io.ReadAll(d.in); err != nil || len(rest) > 0 {
		d.t.Fatalf("at the end: %q, %v", rest, err)
	}
	_ = d.conn.Close()
	<-d.ended
	d.stop()
	if d.backend.open != 0 {
		d.t.Errorf("%d sessions are open", d.backend.open)
	}
}

func (d *dialogue) envelope() {
	d.t.Helper()
	d.expect("220 ")
	d.send("EHLO client.example\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n")
	d.expect("250 HELP")
	d.expect("250 2.1.0")
	d.expect("250 2.1.5")
}

// TestTimeouts checks how long each state waits (RFC 5321 §4.5.3.2).
func TestTimeouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		begin func(*dialogue)
		trick string        // sent every 50 seconds
		after time.Duration // when 421 must come
	}{
		{"greeted", func(d *dialogue) { d.expect("220 ") }, "", 5 * time.Minute},
		{"command by octets", func(d *dialogue) { d.expect("220 ") }, "x", 5 * time.Minute},
		{"transaction", (*dialogue).envelope, "", 5 * time.Minute},
		{"data", func(d *dialogue) { d.envelope(); d.send("DATA\r\n"); d.expect("354 ") }, "", 3 * time.Minute},
		{"data by octets", func(d *dialogue) { d.envelope(); d.send("DATA\r\n"); d.expect("354 ") }, "x", time.Hour},
		{"chunk", func(d *dialogue) { d.envelope(); d.send("BDAT 9\r\nx") }, "", 3 * time.Minute},
		{"between chunks", func(d *dialogue) { d.envelope(); d.send("BDAT 1\r\nx"); d.expect("250 ") }, "", 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDialogue(t, Options{})
				tt.begin(d)
				synctest.Wait()
				begin := time.Now()
				stop := dripping(d, tt.trick)
				d.expect("421 4.4.2")
				stop()
				if waited := time.Since(begin); waited != tt.after {
					t.Errorf("waited %v, want %v", waited, tt.after)
				}
				d.end()
				if n := len(d.backend.messages()); n > 0 {
					t.Errorf("%d messages were taken", n)
				}
			})
		})
	}
}

// TestNoMail checks how long clients may stay that are never silent for long, but
// neither log in nor bring mail (RFC 5321 §4.5.3.2).
func TestNoMail(t *testing.T) {
	t.Parallel()
	hello := func(d *dialogue) { d.expect("220 "); d.send("EHLO client.example\r\n"); d.expect("250 HELP") }
	login := func(d *dialogue) {
		hello(d)
		d.send("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
		d.expect("235 ")
	}
	tests := []struct {
		name  string
		mode  Mode
		begin func(*dialogue)
		piece string
		after time.Duration
		limit string
	}{
		{"relay", Relay, hello, "NOOP\r\n", time.Hour, "Mail"},
		{"relay, recipients", Relay, (*dialogue).envelope, "RCPT TO:<b@y.test>\r\n", time.Hour, "Mail"},
		{"relay, pieces", Relay, hello, "OP\r\nNO", time.Hour, "Mail"},
		{"submission", Submission, hello, "NOOP\r\n", 5 * time.Minute, "Login"},
		{"submission, greeted", Submission, func(d *dialogue) { d.expect("220 ") }, "RSET\r\n", 5 * time.Minute, "Login"},
		{"submission, logged in", Submission, login, "NOOP\r\n", time.Hour, "Mail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				counted := &counts{}
				d := newDialogue(t, Options{Mode: tt.mode, AllowInsecureAuth: true, Metrics: counted, Limits: Limits{BadCommands: 1000}})
				begin := time.Now()
				tt.begin(d)
				stop := dripping(d, tt.piece)
				d.expectAtLast("421 4.4.2")
				stop()
				if waited := time.Since(begin); waited != tt.after {
					t.Errorf("ended after %v, want %v", waited, tt.after)
				}
				d.end()
				if len(counted.limited) != 1 || counted.limited[0] != tt.limit {
					t.Errorf("limits %q, want %q", counted.limited, tt.limit)
				}
			})
		})
	}
}

// TestMailExtends has a client that brings a message each 50 minutes: it may stay.
func TestMailExtends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDialogue(t, Options{})
		d.expect("220 ")
		d.send("EHLO client.example\r\n")
		d.expect("250 HELP")
		for range 4 {
			for range 12 {
				time.Sleep(4 * time.Minute)
				d.send("NOOP\r\n")
				d.expect("250 ")
			}
			time.Sleep(2 * time.Minute)
			d.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n")
			d.expect("250 2.1.0")
			d.expect("250 2.1.5")
			d.expect("354 ")
			d.send("Subject: hi\r\n\r\n.\r\n")
			d.expect("250 ")
		}
		d.send("QUIT\r\n")
		d.expect("221 ")
		d.end()
	})
}

// expectAtLast reads replies until one begins with prefix.
func (d *dialogue) expectAtLast(prefix string) {
	d.t.Helper()
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			d.t.Fatalf("waiting for %q: %v", prefix, err)
		}
		if strings.HasPrefix(line, prefix) {
			return
		}
	}
}

// dripping sends text, if there is any, every 50 seconds until it is stopped.
func dripping(d *dialogue, text string) (stop func()) {
	if text == "" {
		return func() {}
	}
	ticker := time.NewTicker(50 * time.Second)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ticker.C:
				_, _ = io.WriteString(d.conn, text)
			case <-quit:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(quit)
		<-done
	}
}

// TestChunksForever sends a small chunk now and then, which no wait for a
// single command or octet would end.
func TestChunksForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDialogue(t, Options{})
		d.envelope()
		begin := time.Now()
		for time.Since(begin) < 59*time.Minute {
			d.send("BDAT 1\r\nx")
			d.expect("250 ")
			time.Sleep(4 * time.Minute)
		}
		d.expect("421 4.4.2")
		if waited := time.Since(begin); waited != time.Hour {
			t.Errorf("ended after %v", waited)
		}
		d.end()
		if n := len(d.backend.messages()); n > 0 {
			t.Errorf("%d messages were taken", n)
		}
	})
}

func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	tlsConfig, _ := wiretest.TLS(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDialogue(t, Options{TLSConfig: tlsConfig})
		d.expect("220 ")
		d.send("EHLO client.example\r\nSTARTTLS\r\n")
		d.expect("250 ")
		d.expect("220 ")
		begin := time.Now()
		<-d.ended
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		_ = d.conn.Close()
		d.stop()
	})
}

// TestEarlyTalkPatience checks that a client that waits for its greeting gets
// it.
func TestEarlyTalkPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDialogue(t, Options{RefuseEarlyTalk: 5 * time.Second})
		begin := time.Now()
		d.expect("220 ")
		if waited := time.Since(begin); waited != 5*time.Second {
			t.Errorf("greeted after %v", waited)
		}
		d.send("QUIT\r\n")
		d.expect("221 ")
		d.end()
	})
}

// TestStopIdle checks that a client with nothing in flight hears of the stop
// at once.
func TestStopIdle(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*dialogue){
		"greeted":         func(d *dialogue) { d.expect("220 ") },
		"half a command":  func(d *dialogue) { d.expect("220 "); d.send("EHLO cli") },
		"after a message": func(d *dialogue) { d.envelope(); d.send("DATA\r\n.\r\n"); d.expect("354 "); d.expect("250 ") },
		"after reset":     func(d *dialogue) { d.envelope(); d.send("RSET\r\n"); d.expect("250 ") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDialogue(t, Options{})
				begin(d)
				synctest.Wait()
				at := time.Now()
				d.stop()
				d.expect("421 4.3.2")
				if waited := time.Since(at); waited != 0 {
					t.Errorf("waited %v", waited)
				}
				d.end()
			})
		})
	}
}

// TestStopInFlight checks that a transaction is finished before the stop.
func TestStopInFlight(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]func(*dialogue){
		"before data": func(d *dialogue) {
			d.stop()
			synctest.Wait()
			d.send("RCPT TO:<c@y.test>\r\nDATA\r\n")
			d.expect("250 2.1.5")
			d.expect("354 ")
			d.send("x\r\n.\r\n")
		},
		"in data": func(d *dialogue) {
			d.send("DATA\r\nx")
			d.expect("354 ")
			d.stop()
			synctest.Wait()
			time.Sleep(20 * time.Second)
			d.send("\r\n.\r\n")
		},
		"between chunks": func(d *dialogue) {
			d.send("BDAT 1\r\nx")
			d.expect("250 ")
			d.stop()
			synctest.Wait()
			d.send("BDAT 2 LAST\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDialogue(t, Options{})
				d.envelope()
				finish(d)
				d.expect("250 2.0.0 OK queued as q1")
				d.expect("421 4.3.2")
				d.end()
				if m := d.backend.messages(); len(m) != 1 || m[0].text != "x\r\n" {
					t.Errorf("took %v", m)
				}
			})
		})
	}
}

// TestStopDrain checks that a client that does not go on with its transaction,
// or goes on for ever, cannot hold up the stop.
func TestStopDrain(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*dialogue){
		"command": func(d *dialogue) { d.send("NOOP\r\n"); d.expect("250 ") },
		"data":    func(d *dialogue) { d.send("DATA\r\nx"); d.expect("354 ") },
		"chunk":   func(d *dialogue) { d.send("BDAT 9\r\nx") },
		"drip": func(d *dialogue) {
			d.send("DATA\r\nx")
			d.expect("354 ")
			go func() {
				time.Sleep(25 * time.Second)
				d.send("x")
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDialogue(t, Options{})
				d.envelope()
				begin(d)
				synctest.Wait()
				d.stop()
				at := time.Now()
				d.expect("421 4.3.2")
				if waited := time.Since(at); waited != 30*time.Second {
					t.Errorf("waited %v", waited)
				}
				d.end()
				if n := len(d.backend.messages()); n > 0 {
					t.Errorf("%d messages were taken", n)
				}
			})
		})
	}
}

// TestClientDoesNotRead checks that a client that takes no replies is given
// up.
func TestClientDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		begin := time.Now()
		New(Options{Hostname: "mx.example.test", Backend: &fakeBackend{}}).ServeConn(t.Context(), server)
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		_ = client.Close()
	})
}
