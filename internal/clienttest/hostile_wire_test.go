//go:build clients

package clienttest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for an answer that must come.
const patience = time.Minute

// A wire is a connection on which a test says whatever it likes.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	tags int
}

// tlsClient takes any certificate.
func tlsClient(conn net.Conn) *tls.Conn {
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
}

// dial connects to a listener, with TLS if its protocol begins with it.
func (s *server) dial(t *testing.T, protocol string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr(protocol))
	if err != nil {
		t.Fatal(err)
	}
	if implicitTLS(protocol) {
		conn = tlsClient(conn)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return newWire(t, conn)
}

func implicitTLS(protocol string) bool {
	return protocol == "submissions" || protocol == "imaps" || protocol == "pop3s"
}

func newWire(t *testing.T, conn net.Conn) *wire {
	return &wire{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (w *wire) send(format string, args ...any) {
	w.t.Helper()
	if _, err := fmt.Fprintf(w.conn, format, args...); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// line returns the next line without its end; it fails the test at the end of
// the connection.
func (w *wire) line() string {
	w.t.Helper()
	line, err := w.in.ReadString('\n')
	if err != nil {
		w.t.Fatalf("read: %v, after %q", err, line)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// expect reads one line, which must begin with prefix.
func (w *wire) expect(prefix string) string {
	w.t.Helper()
	line := w.line()
	if !strings.HasPrefix(line, prefix) {
		w.t.Fatalf("got %q, want %q", line, prefix)
	}
	return line
}

// upTo returns all lines up to one that begins with prefix.
func (w *wire) upTo(prefix string) []string {
	w.t.Helper()
	var lines []string
	for {
		line := w.line()
		lines = append(lines, line)
		if strings.HasPrefix(line, prefix) {
			return lines
		}
		if len(lines) > 100_000 {
			w.t.Fatalf("no %q", prefix)
		}
	}
}

// rest returns what comes until the connection ends, and whether it was ended
// in order.
func (w *wire) rest() (string, error) {
	b, err := io.ReadAll(w.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatalf("the connection was not closed within %v", patience)
	}
	return string(b), err
}

// closed fails the test unless the connection ends now without another answer.
func (w *wire) closed() {
	w.t.Helper()
	if text, _ := w.rest(); text != "" {
		w.t.Errorf("more answers: %q", text)
	}
}

// starttls turns TLS on, after the server has agreed.
func (w *wire) starttls() {
	w.t.Helper()
	conn := tlsClient(w.conn)
	if err := conn.Handshake(); err != nil {
		w.t.Fatalf("handshake: %v", err)
	}
	w.conn, w.in = conn, bufio.NewReader(conn)
}

// smtp sends a command and returns the reply: its lines joined by LF.
func (w *wire) smtp(format string, args ...any) string {
	w.t.Helper()
	w.send(format+"\r\n", args...)
	return w.reply()
}

func (w *wire) reply() string {
	w.t.Helper()
	var lines []string
	for {
		line := w.line()
		lines = append(lines, line)
		if len(line) < 4 || line[3] != '-' {
			return strings.Join(lines, "\n")
		}
	}
}

// smtpOK sends commands whose replies must begin with what stands before each
// of them.
func (w *wire) smtpOK(dialogue ...string) {
	w.t.Helper()
	for i := 0; i < len(dialogue); i += 2 {
		if got := w.smtp("%s", dialogue[i]); !strings.HasPrefix(got, dialogue[i+1]) {
			w.t.Fatalf("%.80q: got %q, want %q", dialogue[i], got, dialogue[i+1])
		}
	}
}

// smtpSession greets, and authenticates where mail is submitted.
func (s *server) smtpSession(t *testing.T, protocol string) *wire {
	t.Helper()
	w := s.dial(t, protocol)
	w.expect("220 ")
	switch protocol {
	case "lmtp":
		w.smtpOK("LHLO client.test", "250")
	case "smtp":
		w.smtpOK("EHLO client.test", "250")
	default:
		w.smtpOK("EHLO client.test", "250", "AUTH PLAIN "+plain(alice), "235 ")
	}
	return w
}

func plain(user string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

// imapSession logs in.
func (s *server) imapSession(t *testing.T, protocol, user string) *wire {
	t.Helper()
	w := s.dial(t, protocol)
	w.expect("* OK ")
	w.ok("LOGIN %s %s", user, password)
	return w
}

// imapCommand sends a command and returns the lines of its answer; the last is
// the tagged one, without its tag.
func (w *wire) imapCommand(format string, args ...any) []string {
	w.t.Helper()
	w.tags++
	tag := fmt.Sprintf("t%d ", w.tags)
	w.send(tag+format+"\r\n", args...)
	lines := w.upTo(tag)
	lines[len(lines)-1] = strings.TrimPrefix(lines[len(lines)-1], tag)
	return lines
}

// answer sends a command and returns its tagged answer without the tag.
func (w *wire) answer(format string, args ...any) string {
	w.t.Helper()
	lines := w.imapCommand(format, args...)
	return lines[len(lines)-1]
}

// ok sends a command that must succeed.
func (w *wire) ok(format string, args ...any) []string {
	w.t.Helper()
	lines := w.imapCommand(format, args...)
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "OK ") {
		w.t.Fatalf("%.80q: %q", fmt.Sprintf(format, args...), last)
	}
	return lines
}

// pop3Session logs in.
func (s *server) pop3Session(t *testing.T, protocol, user string) *wire {
	t.Helper()
	w := s.dial(t, protocol)
	w.expect("+OK")
	w.send("USER %s\r\nPASS %s\r\n", user, password)
	w.expect("+OK")
	w.expect("+OK")
	return w
}

// deliver sends a message over SMTP and returns the reply to its end.
func (w *wire) deliver(to, message string) string {
	w.t.Helper()
	w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+to+">", "250", "DATA", "354")
	w.send("%s\r\n.\r\n", message)
	return w.reply()
}

// halfClose ends the sending side.
func (w *wire) halfClose() {
	w.t.Helper()
	half := w.conn.(interface{ CloseWrite() error })
	if err := half.CloseWrite(); err != nil {
		w.t.Fatal(err)
	}
}

// dialPlain connects without TLS, whatever the listener expects.
func (s *server) dialPlain(t *testing.T, protocol string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr(protocol))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return conn
}
