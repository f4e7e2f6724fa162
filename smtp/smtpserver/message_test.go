package smtpserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/wiretest"
)

// converse sends all of the client's side at once and returns what the server
// said and took.
func converse(t *testing.T, opts Options, client string) (string, []takenMessage) {
	t.Helper()
	return converseWith(t, opts, Services{}, client)
}

// converseWith is converse with services on offer.
func converseWith(t *testing.T, opts Options, services Services, client string) (string, []takenMessage) {
	t.Helper()
	ours, theirs := wiretest.Pipe()
	done := make(chan *fakeBackend, 1)
	go func() { done <- serveServices(t, t.Context(), theirs, opts, services) }()
	go func() {
		_, _ = io.WriteString(ours, client)
		_ = ours.CloseWrite()
	}()
	said, err := io.ReadAll(ours)
	if err != nil {
		t.Error(err)
	}
	_ = ours.Close()
	return string(said), (<-done).messages()
}

func TestMessageTaken(t *testing.T) {
	t.Parallel()
	const to = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
	tests := []struct {
		name   string
		opts   Options
		client string
		want   takenMessage
	}{
		{
			"data", Options{}, "EHLO c\r\n" + to + "DATA\r\n..a\r\n.\r\n",
			takenMessage{text: ".a\r\n", with: "ESMTP"},
		},
		{
			"helo", Options{}, "HELO c\r\n" + to + "DATA\r\na\r\n.\r\n",
			takenMessage{text: "a\r\n", with: "SMTP"},
		},
		{
			"chunks", Options{}, "EHLO c\r\n" + to + "BDAT 2\r\n.\rBDAT 3\r\n\n..BDAT 0 LAST\r\n",
			takenMessage{text: ".\r\n..", with: "ESMTP", chunked: true},
		},
		{
			"chunk of a whole message", Options{}, "EHLO c\r\n" + to + "BDAT 5 LAST\r\n.\r\n\r\n",
			takenMessage{text: ".\r\n\r\n", with: "ESMTP", chunked: true},
		},
		{
			"utf8", Options{}, "EHLO c\r\nMAIL FROM:<a@x.test> SMTPUTF8 SIZE=3 BODY=8BITMIME\r\nRCPT TO:<b@y.test>\r\nDATA\r\n\u00fc\r\n.\r\n",
			takenMessage{text: "\u00fc\r\n", with: "UTF8SMTP", opts: smtp.MailOptions{Size: 3, SMTPUTF8: true, Body: smtp.Body8BitMIME}},
		},
		{
			"authenticated", Options{Mode: Submission, AllowInsecureAuth: true},
			"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n" + to + "DATA\r\na\r\n.\r\n",
			takenMessage{text: "a\r\n", with: "ESMTPA"},
		},
		{
			"lmtp", Options{Mode: LMTP}, "LHLO c\r\n" + to + "DATA\r\na\r\n.\r\n",
			takenMessage{text: "a\r\n", with: "LMTP"},
		},
		{
			"lmtp utf8", Options{Mode: LMTP}, "LHLO c\r\nMAIL FROM:<a@x.test> SMTPUTF8\r\nRCPT TO:<b@y.test>\r\nDATA\r\n.\r\n",
			takenMessage{with: "UTF8LMTP", opts: smtp.MailOptions{SMTPUTF8: true}},
		},
	}
	for _, tt := range tests {
		said, got := converse(t, tt.opts, tt.client)
		tt.want.from, tt.want.to = "<a@x.test>", []string{"<b@y.test>"}
		if diff := cmp.Diff([]takenMessage{tt.want}, got, cmp.AllowUnexported(takenMessage{})); diff != "" {
			t.Errorf("%s: %s\nserver said:\n%s", tt.name, diff, said)
		}
	}
}

// TestLargeMessage sends more than the buffers hold, by DATA and BDAT in one
// connection.
func TestLargeMessage(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("0123456789", 20) + "\r\n.."
	text := strings.Repeat(line, 2000) + "\r\n"
	plain := strings.ReplaceAll(text, "\n..", "\n.")
	const to = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
	client := "EHLO c\r\n" + to + "DATA\r\n" + text + ".\r\n" +
		to + fmt.Sprintf("BDAT %d\r\n%sBDAT %d LAST\r\n%s", len(plain), plain, len(plain), plain) +
		to + "DATA\r\n" + text + ".\r\nQUIT\r\n"
	said, got := converse(t, Options{}, client)
	if len(got) != 3 || got[0].text != plain || got[1].text != plain+plain || got[2].text != plain {
		t.Errorf("took %d messages, not as sent; server said:\n%s", len(got), said)
	}
}

// TestBrokenMessageIsNotTaken sends messages that the session reads without
// error checks, or that end early.
func TestBrokenMessageIsNotTaken(t *testing.T) {
	t.Parallel()
	const to = "EHLO c\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
	for _, client := range []string{
		"DATA\r\na\r\n", "DATA\r\na\r\n.", "DATA\r\na\r\n.\n", "BDAT 5 LAST\r\nabcd", "BDAT 3\r\nabc",
		"BDAT 3\r\nabcQUIT\r\n", "BDAT 3\r\nabcRSET\r\n", "DATA\r\na\n.\r\n.\r\n",
	} {
		if said, got := converse(t, Options{}, to+client); len(got) > 0 {
			t.Errorf("%q: took %v; server said:\n%s", client, got, said)
		}
	}
}

// counts is a Metrics for one connection.
type counts struct {
	replied []string
	limited []string
}

func (c *counts) Replied(verb string, code int) {
	c.replied = append(c.replied, fmt.Sprint(verb, " ", code))
}
func (c *counts) Limited(limit string) { c.limited = append(c.limited, limit) }

func TestMetrics(t *testing.T) {
	t.Parallel()
	c := &counts{}
	converse(t, Options{Metrics: c, Limits: Limits{MessageSize: 10, Recipients: 1, BadCommands: 1}},
		"EHLO c\r\nMAIL FROM:<a@x.test> SIZE=11\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<b@y.test>\r\n"+
			"DATA\r\n0123456789\r\n.\r\nFOO\r\nDATA\r\n")
	want := &counts{
		replied: []string{
			" 220", "EHLO 250", "MAIL 552", "MAIL 250", "RCPT 250", "RCPT 452", "DATA 354", "DATA 552", " 500", "DATA 503", " 421",
		},
		limited: []string{"MessageSize", "Recipients", "MessageSize", "BadCommands"},
	}
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(counts{})); diff != "" {
		t.Error(diff)
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	server, client := wiretest.TLS(t)
	ours, theirs := wiretest.Pipe()
	done := make(chan *fakeBackend, 1)
	opts := Options{Mode: Submission, TLSConfig: server, RequireTLS: true}
	go func() { done <- serveFake(t, context.Background(), tls.Server(theirs, server), opts) }()
	conn := tls.Client(ours, client)
	if _, err := io.WriteString(conn, "EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"+
		"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\na\r\n.\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	_ = conn.Close()
	if m := (<-done).messages(); len(m) != 1 || m[0].with != "ESMTPSA" {
		t.Errorf("took %v; server said:\n%s", m, said)
	}
	if strings.Contains(string(said), "STARTTLS") {
		t.Errorf("STARTTLS is offered within TLS:\n%s", said)
	}
}

func TestRefusedAfterTLS(t *testing.T) {
	t.Parallel()
	server, client := wiretest.TLS(t)
	ours, theirs := wiretest.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		New(Options{Hostname: "mx.example.test", Backend: onlyClear{&fakeBackend{}}, TLSConfig: server}).ServeConn(t.Context(), theirs)
	}()
	read := func(conn net.Conn, want string) {
		t.Helper()
		buf := make([]byte, 1000)
		n, err := conn.Read(buf)
		if got := string(buf[:n]); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	read(ours, "220 ")
	_, _ = io.WriteString(ours, "STARTTLS\r\n")
	read(ours, "220 ")
	conn := tls.Client(ours, client)
	_, _ = io.WriteString(conn, "EHLO c\r\n")
	read(conn, "554 No TLS here\r\n")
	_, _ = io.WriteString(conn, "QUIT\r\n")
	read(conn, "221 ")
	_ = conn.Close()
	<-ended
}

// onlyClear refuses sessions within TLS.
type onlyClear struct{ *fakeBackend }

func (b onlyClear) NewSession(ctx context.Context, conn ConnInfo) (Session, error) {
	if conn.TLS != nil {
		return nil, smtp.NewError(554, smtp.EnhancedCode{5, 7, 0}, "No TLS here")
	}
	return b.fakeBackend.NewSession(ctx, conn)
}

// FuzzServe sends arbitrary octets to a server in each mode. The session
// checks that it is called as promised.
func FuzzServe(f *testing.F) {
	const to = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
	for _, s := range []string{
		"EHLO c\r\n" + to + "DATA\r\nabc\r\n.\r\nQUIT\r\n",
		"LHLO c\r\n" + to + "BDAT 3\r\nabcBDAT 0 LAST\r\n",
		"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n" + to + "BDAT 3\r\nabcRSET\r\n" + to + "RSET\r\n" + to + "EHLO c\r\n",
		"EHLO c\r\nAUTH FINAL\r\n\r\nAUTH LOGIN\r\n*\r\nSTARTTLS\r\n",
		"HELO c\r\nMAIL FROM:<> SIZE=1\r\nHELP\r\nVRFY a\r\nEXPN\r\nNOOP\r\n",
		"EHLO c\r\n" + to + "RCPT TO:<early@y.test>\r\nBDAT 5\r\nabcdeBDAT 99999999999999999999\r\n",
		"EHLO c\r\n" + to + "RCPT TO:<unread@y.test>\r\nDATA\r\na\n.\r\n.\r\n",
		"EHLO c\r\nETRN @a.test\r\nVRFY Jones\r\nEXPN Staff\r\nXCLIENT ADDR=192.0.2.1 LOGIN=a\r\nEHLO c\r\nXFORWARD NAME=x\r\n" + to,
		"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n" + to + "BURL imap://h/1\r\nBDAT 1\r\nxBURL imap://h/lf\r\nBURL imap://h/gone LAST\r\n",
		"EHLO c\r\nMAIL FROM:<> BODY=BINARYMIME HOLDFOR=5 BY=1;N MT-PRIORITY=-1 SOLICIT=a RET=HDRS\r\nRCPT TO:<b@y.test> RRVS=2014-04-03T23:01:00Z\r\nBDAT 1 LAST\r\n\x00",
	} {
		for mode := range 3 {
			f.Add([]byte(s), uint8(mode))
		}
	}
	f.Fuzz(func(t *testing.T, client []byte, mode uint8) {
		opts := Options{Mode: Mode(mode % 3), AllowInsecureAuth: true, Limits: Limits{MessageSize: 1000, Recipients: 3}}
		all := Services{
			DSN: true, RequireTLS: true, BinaryMIME: true, RRVS: true, FutureRelease: time.Hour, DeliverBy: true, Priority: true,
			NoSoliciting: true, BURL: true, ETRN: true, VRFY: true, EXPN: true, Client: true, Forward: true,
		}
		said, _ := converseWith(t, opts, all, string(client))
		for line := range strings.Lines(said) {
			text, ok := strings.CutSuffix(line, "\r\n")
			if _, err := smtp.ParseReplyLine(text); err != nil && !strings.HasPrefix(text, "334 ") || !ok {
				t.Errorf("server said %q", line)
			}
		}
	})
}
