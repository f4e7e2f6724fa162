package smtpclient

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
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
	"github.com/mailstead/mailstead/wiretest"
)

// A mailbox is a backend that keeps messages. Recipients named "no" are
// refused, and those named "full" when the message is there.
type mailbox struct {
	mu    sync.Mutex
	texts []string
	with  []string
}

func (b *mailbox) NewSession(context.Context, smtpserver.ConnInfo) (smtpserver.Session, error) {
	return &mailboxSession{box: b}, nil
}

type mailboxSession struct {
	box *mailbox
	to  []string
}

func (s *mailboxSession) Hello(context.Context, smtpserver.Hello) error { return nil }
func (s *mailboxSession) AuthMechanisms() []string                      { return []string{sasl.SCRAMSHA256, sasl.Login} }
func (s *mailboxSession) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	if mechanism == sasl.Login {
		return sasl.NewLogin(func(_ context.Context, _, user, password string) error {
			if user != "alice" || password != "secret" {
				return sasl.ErrCredentials
			}
			return nil
		}), nil
	}
	return sasl.NewSCRAM(sasl.SCRAMOptions{
		Lookup: func(context.Context, string) (sasl.SCRAMCredentials, error) {
			return sasl.DeriveSCRAM("secret", []byte("salt-of-16-bytes"), 4096)
		},
		Authorize: func(context.Context, string, string) error { return nil },
		FakeKey:   []byte("sixteen octets and more"),
	}), nil
}

func (s *mailboxSession) Mail(context.Context, smtp.ReversePath, smtp.MailOptions) error {
	s.to = nil
	return nil
}

func (s *mailboxSession) Rcpt(_ context.Context, to smtp.ForwardPath, _ smtp.RcptOptions) error {
	if to.Address.Local == "no" {
		return smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "No such user")
	}
	s.to = append(s.to, string(to.Address.Local))
	return nil
}

func (s *mailboxSession) Data(_ context.Context, m *smtpserver.Message) (smtpserver.Result, error) {
	text, err := io.ReadAll(m)
	if err != nil {
		return smtpserver.Result{}, err
	}
	var r smtpserver.Result
	for _, to := range s.to {
		var err error
		if to == "full" {
			err = smtp.NewError(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox full")
		}
		r.Recipients = append(r.Recipients, err)
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.texts = append(s.box.texts, string(text))
	s.box.with = append(s.box.with, m.With)
	return r, nil
}

func (s *mailboxSession) Reset() {}
func (s *mailboxSession) Close() {}

// connect serves a mailbox to a Client until the test ends.
func connect(t *testing.T, server smtpserver.Options, client Options) (*Client, *mailbox) {
	t.Helper()
	box := &mailbox{}
	server.Hostname, server.Backend = "mx.example.test", box
	ours, theirs := wiretest.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		smtpserver.New(server).ServeConn(context.Background(), theirs)
	}()
	client.Name = "client.example"
	c := New(ours, client)
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	if err := c.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, box
}

func TestSendToServer(t *testing.T) {
	t.Parallel()
	modes := map[string]struct {
		server smtpserver.Options
		client Options
		full   string // outcome of a mix of good and full mailboxes
	}{
		"data": {smtpserver.Options{}, Options{NoChunking: true}, "end of data 452; end of data 452; all: end of data 452"},
		"bdat": {smtpserver.Options{}, Options{}, "end of data 452; end of data 452; all: end of data 452"},
		"lmtp": {smtpserver.Options{Mode: smtpserver.LMTP}, Options{LMTP: true}, "ok; end of data 452; all: ok"},
		"lmtp data": {
			smtpserver.Options{Mode: smtpserver.LMTP}, Options{LMTP: true, NoChunking: true},
			"ok; end of data 452; all: ok",
		},
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, box := connect(t, mode.server, mode.client)
			send := func(m Message, want string) {
				t.Helper()
				if got := summary(c.Send(t.Context(), m)); got != want {
					t.Errorf("outcome %q, want %q", got, want)
				}
			}
			send(message("1\r\n", "b@y.test"), "ok; all: ok")
			send(message("2\r\n", "no@y.test", "b@y.test"), "RCPT 550; ok; all: ok")
			send(message("refused\r\n", "no@y.test"), "RCPT 550; all: ok")
			send(message(".\r\n..\r\n\r\n", "b@y.test"), "ok; all: ok")
			send(message("4\r\n", "b@y.test", "full@y.test"), mode.full)
			many := message("5\r\n")
			for range 175 {
				many.To = append(many.To, message("", "b@y.test").To...)
			}
			send(many, strings.Repeat("ok; ", 175)+"all: ok")
			if err := c.Noop(t.Context()); err != nil {
				t.Error(err)
			}
			if err := c.Quit(t.Context()); err != nil {
				t.Error(err)
			}
			if c.Usable() {
				t.Error("usable after Quit")
			}
			want := []string{"1\r\n", "2\r\n", ".\r\n..\r\n\r\n", "4\r\n", "5\r\n"}
			if got := fmt.Sprintf("%q", box.texts); got != fmt.Sprintf("%q", want) {
				t.Errorf("server has %s, want %q", got, want)
			}
		})
	}
}

func TestLargeToServer(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("..dots and dots\r\n\r\n.", 50000) + "\r\n"
	for name, open := range map[string]func() (io.Reader, int){
		"sized":     func() (io.Reader, int) { return strings.NewReader(text), len(text) },
		"unsized":   func() (io.Reader, int) { return strings.NewReader(text), 0 },
		"dribbling": func() (io.Reader, int) { return iotest.HalfReader(strings.NewReader(text)), len(text) },
	} {
		for _, noChunking := range []bool{false, true} {
			c, box := connect(t, smtpserver.Options{}, Options{NoChunking: noChunking})
			m := message("", "b@y.test")
			body, size := open()
			m.Body, m.Size = body, int64(size)
			if got := summary(c.Send(t.Context(), m)); got != "ok; all: ok" {
				t.Errorf("%s: %s", name, got)
			}
			if len(box.texts) != 1 || box.texts[0] != text {
				t.Errorf("%s: arrived otherwise than sent", name)
			}
		}
	}
}

// TestTooBigForServer sends what the server refuses when it has seen it, and
// goes on with the same connection.
func TestTooBigForServer(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789012345678901234567890\r\n", 32000)
	limits := smtpserver.Limits{MessageSize: 300 << 10, DiscardedBytes: 2 << 20}
	for noChunking, want := range map[bool]string{false: "BDAT 552", true: "end of data 552"} {
		c, box := connect(t, smtpserver.Options{Limits: limits}, Options{NoChunking: noChunking})
		if got := summary(c.Send(t.Context(), message(text, "b@y.test"))); got != "local 5.3.4; all: local 5.3.4" {
			t.Error(got)
		}
		m := message(text, "b@y.test")
		m.Size = 0
		if got := summary(c.Send(t.Context(), m)); got != want+"; all: "+want {
			t.Error(got)
		}
		if got := summary(c.Send(t.Context(), message("x\r\n", "b@y.test"))); got != "ok; all: ok" || len(box.texts) != 1 {
			t.Errorf("%s, server has %d messages", got, len(box.texts))
		}
	}
}

func TestNoFinalLineEnding(t *testing.T) {
	t.Parallel()
	for noChunking, want := range map[bool]string{false: "abc", true: "abc\r\n"} {
		c, box := connect(t, smtpserver.Options{}, Options{NoChunking: noChunking})
		if got := summary(c.Send(t.Context(), message("abc", "b@y.test"))); got != "ok; all: ok" || box.texts[0] != want {
			t.Errorf("%s, %q", got, box.texts)
		}
	}
}

func TestBodyFails(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789012345678901234567890\r\n", 5000)
	broken := func(size int, body io.Reader) Message {
		return Message{To: message("", "b@y.test").To, Size: int64(size), Body: body}
	}
	tests := map[string]func() Message{
		"too short": func() Message { return broken(len(text)+1, strings.NewReader(text)) },
		"too long":  func() Message { return broken(len(text)-1, strings.NewReader(text)) },
		"reader fails": func() Message {
			return broken(0, io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("disk"))))
		},
		"reader fails at the size": func() Message {
			return broken(len(text), io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("disk"))))
		},
		"bare lf":    func() Message { return broken(0, strings.NewReader(text+"\n.\n")) },
		"bare cr":    func() Message { return broken(len(text)+2, strings.NewReader(text+"\rx")) },
		"cr at last": func() Message { return broken(len(text)+1, strings.NewReader(text+"\r")) },
	}
	for name, m := range tests {
		for _, noChunking := range []bool{false, true} {
			c, box := connect(t, smtpserver.Options{}, Options{NoChunking: noChunking})
			outcomes, err := c.Send(t.Context(), m())
			var body *BodyError
			if !errors.As(err, &body) || outcomes[0].Err != err {
				t.Errorf("%s: got %v, %v", name, outcomes, err)
			}
			if c.Usable() {
				t.Errorf("%s: usable after half a message", name)
			}
			if err := c.Noop(t.Context()); err == nil {
				t.Errorf("%s: NOOP was answered", name)
			}
			box.mu.Lock()
			if len(box.texts) > 0 {
				t.Errorf("%s: the server took the message", name)
			}
			box.mu.Unlock()
		}
	}
}

func TestAuthToServer(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := wiretest.TLS(t)
	options := smtpserver.Options{Mode: smtpserver.Submission, TLSConfig: serverTLS, RequireTLS: true}
	c, box := connect(t, options, Options{})
	if err := c.Auth(t.Context(), sasl.NewLoginClient("alice", "secret")); !errors.Is(err, ErrInsecureAuth) {
		t.Errorf("without TLS: %v", err)
	}
	if err := c.StartTLS(t.Context(), clientTLS); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(t.Context(), sasl.NewPlainClient("", "alice", "secret")); !errors.Is(err, ErrNoMechanism) {
		t.Errorf("mechanism that is not offered: %v", err)
	}
	if err := c.Auth(t.Context(), sasl.NewLoginClient("alice", "wrong")); kind(err) != "AUTH 535" {
		t.Errorf("wrong password: %v", err)
	}
	if err := c.Auth(t.Context(), sasl.NewSCRAMClient("", "alice", "wrong")); kind(err) != "AUTH 535" {
		t.Errorf("wrong password: %v", err)
	}
	if err := c.Auth(t.Context(), sasl.NewSCRAMClient("", "alice", "secret")); err != nil {
		t.Fatal(err)
	}
	if got := summary(c.Send(t.Context(), message("x\r\n", "b@y.test"))); got != "ok; all: ok" || box.with[0] != "ESMTPSA" {
		t.Errorf("%s, with %q", got, box.with)
	}
}

func TestHandshakeFails(t *testing.T) {
	t.Parallel()
	serverTLS, _ := wiretest.TLS(t)
	c, _ := connect(t, smtpserver.Options{TLSConfig: serverTLS}, Options{})
	err := c.StartTLS(t.Context(), &tls.Config{ServerName: "mx.example.test"})
	if kind(err) != "broken at STARTTLS" || c.Usable() {
		t.Errorf("untrusted certificate: %v", err)
	}
}

// TestContext breaks a Send off while the server is silent.
func TestContext(t *testing.T) {
	t.Parallel()
	ours, theirs := wiretest.Pipe()
	defer func() { _ = theirs.Close() }()
	c := New(ours, Options{Name: "client.example"})
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	err := c.Hello(ctx)
	if !errors.Is(err, context.Canceled) || kind(err) != "broken at greeting" {
		t.Errorf("got %v", err)
	}
	if err := c.Hello(t.Context()); err == nil {
		t.Error("usable after it was broken off")
	}
}

// TestTimeouts checks how long each state waits (RFC 5321 §4.5.3.2).
func TestTimeouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		silentAt string
		want     string
		after    time.Duration
	}{
		{"", "broken at greeting", 5 * time.Minute},
		{"EHLO", "broken at EHLO", 5 * time.Minute},
		{"MAIL", "broken at MAIL", 5 * time.Minute},
		{"RCPT", "broken at RCPT", 5 * time.Minute},
		{"DATA", "broken at DATA", 2 * time.Minute},
		{".", "perhaps", 10 * time.Minute},
	}
	for _, tt := range tests {
		t.Run("silent at "+tt.silentAt, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := wiretest.Pipe()
				done := make(chan struct{})
				go func() { defer close(done); silentServer(theirs, tt.silentAt) }()
				c := New(ours, Options{Name: "client.example"})
				begin := time.Now()
				err := c.Hello(t.Context())
				if err == nil {
					_, err = c.Send(t.Context(), message("x\r\n", "b@y.test"))
				}
				if got := kind(err); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
				if waited := time.Since(begin); waited != tt.after {
					t.Errorf("waited %v, want %v", waited, tt.after)
				}
				_ = c.Close()
				<-done
			})
		})
	}
}

// silentServer answers until a line begins with at.
func silentServer(conn net.Conn, at string) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	if at != "" {
		_, _ = io.WriteString(conn, "220 hello\r\n")
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if at == "" || strings.HasPrefix(line, at) {
			_, _ = io.Copy(io.Discard, in)
			return
		}
		reply := "250 OK\r\n"
		switch {
		case strings.HasPrefix(line, "DATA"):
			reply = "354 go on\r\n"
		case line == "x\r\n":
			continue
		}
		_, _ = io.WriteString(conn, reply)
	}
}

// TestRefusedWithinMessage checks that the reply of a server that does not
// read the message to its end is found.
func TestRefusedWithinMessage(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		in := bufio.NewReader(theirs)
		for _, reply := range []string{"250 mx\r\n", "250 OK\r\n", "250 OK\r\n", "354 go on\r\n"} {
			_, _ = in.ReadString('\n')
			_, _ = io.WriteString(theirs, reply)
		}
		_, _ = in.ReadString('\n')
		_ = theirs.Close()
	}()
	conn := lastWordConn{Conn: ours, word: strings.NewReader("552 5.3.4 Too big\r\n")}
	c := New(&conn, Options{Name: "client.example"})
	c.greeted = true
	if err := c.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := message(strings.Repeat("0123456789\r\n", 100000), "b@y.test")
	if got := summary(c.Send(t.Context(), m)); got != "message 552; all: message 552" {
		t.Error(got)
	}
	_ = c.Close()
	<-done
}

// A lastWordConn has a reply left to read when its other side is closed, as a
// TCP connection may have.
type lastWordConn struct {
	net.Conn
	word *strings.Reader
}

func (c *lastWordConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		return c.word.Read(p)
	}
	return n, err
}

// SetReadDeadline hides that a closed net.Pipe takes none.
func (c *lastWordConn) SetReadDeadline(time.Time) error { return nil }

func TestReadReply(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("250-x\r\n", maxReplyLines)
	tests := []struct {
		in, want string
		err      error
	}{
		{"250 OK\r\n", "250 OK", nil},
		{"250\r\n", "250 ", nil},
		{"250 OK\n", "250 OK", nil},
		{"550-5.1.1 No\r\n550 5.1.1 user\r\n", "550 5.1.1 No user", nil},
		{"550 5.1.1\r\n", "550 5.1.1 ", nil},
		{"550 2.1.1 No\r\n", "550 2.1.1 No", nil},
		{"250 \x1b[2J\xff\u0085\r\n", "250 ?[2J??", nil},
		{"250-a\r\n550 b\r\n", "", smtp.ErrReplySyntax},
		{"150 a\r\n", "", smtp.ErrReplySyntax},
		{"25\r\n", "", smtp.ErrReplySyntax},
		{"250_a\r\n", "", smtp.ErrReplySyntax},
		{"\r\n", "", smtp.ErrReplySyntax},
		{"250 a", "", io.ErrUnexpectedEOF},
		{"", "", io.ErrUnexpectedEOF},
		{"250 " + strings.Repeat("x", maxReplyLine) + "\r\n", "", ErrReplyTooLong},
		{long + "250 x\r\n", "", ErrReplyTooLong},
	}
	for _, tt := range tests {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(tt.in), maxReplyLine))
		if !errors.Is(err, tt.err) || err == nil && r.String() != tt.want {
			t.Errorf("%.40q: %q, %v, want %q, %v", tt.in, r, err, tt.want, tt.err)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"250 OK\r\n", "250-a\r\n250 b\r\n", "550 5.1.1 x\r\n", "250-\r\n250\r\n", "999 x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readReply(bufio.NewReaderSize(bytes.NewReader(b), maxReplyLine))
		if err != nil || strings.ContainsFunc(r.Text(), func(c rune) bool { return c > 0x7f }) {
			return
		}
		again, err := readReply(bufio.NewReaderSize(bytes.NewReader(r.Append(nil)), 2*maxReplyLine))
		if err != nil || again.String() != r.String() {
			t.Errorf("%q reads as %q and then as %q, %v", b, r, again, err)
		}
	})
}

func FuzzLineChecker(f *testing.F) {
	for _, s := range []string{"a\r\nb", "\r", "\n", "\r\n\r\n", "\r\r\n", "a\nb\rc"} {
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		rest := strings.ReplaceAll(string(text), "\r\n", "")
		bare := strings.ContainsAny(rest, "\r\n") || strings.Count(string(text), "\r\n")*2+len(rest) != len(text)
		var l lineChecker
		var err error
		for p := text; len(p) > 0 && err == nil; {
			n := min(int(step)%5+1, len(p))
			err = l.check(p[:n])
			p = p[n:]
		}
		if got := err != nil || l.end() != io.EOF; got != bare {
			t.Errorf("%q: refused is %v", text, got)
		}
	})
}

func BenchmarkSend(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog.\r\n", 20000)
	for _, noChunking := range []bool{false, true} {
		b.Run(fmt.Sprintf("chunking=%v", !noChunking), func(b *testing.B) {
			t := &transfer{c: &Client{}, m: message(text, "b@y.test")}
			t.c.wire.out = bufio.NewWriterSize(io.Discard, 16<<10)
			body := strings.NewReader(text)
			t.m.Body = body
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				body.Reset(text)
				write := func(p []byte) error { _, err := t.c.wire.out.Write(p); return err }
				if noChunking {
					s := stuffer{out: t.c.wire.out, lineStart: true}
					write = s.write
				}
				if err := t.copyBody(write); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
