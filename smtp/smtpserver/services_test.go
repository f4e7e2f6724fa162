package smtpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/wiretest"
)

// TestServiceDialogues plays the golden dialogues of the extensions that the
// session carries out, a folder per kind of server.
func TestServiceDialogues(t *testing.T) {
	t.Parallel()
	tlsConfig, _ := wiretest.TLS(t)
	kinds := map[string]struct {
		opts     Options
		services Services
	}{
		"services": {Options{Mode: Relay, TLSConfig: tlsConfig}, Services{
			DSN: true, RequireTLS: true, BinaryMIME: true, RRVS: true, DeliverBy: true, MinByTime: 2 * time.Minute,
			Priority: true, NoSoliciting: true, Unwanted: "net.example:ADV", ETRN: true, VRFY: true, EXPN: true,
		}},
		"users":   {Options{Mode: Submission, AllowInsecureAuth: true}, Services{FutureRelease: 7 * 24 * time.Hour, BURL: true, BinaryMIME: true}},
		"proxies": {Options{Mode: Relay, TLSConfig: tlsConfig}, Services{Client: true, Forward: true}},
		"session": {Options{Mode: Relay, Limits: Limits{Messages: 2}}, Services{}},
	}
	for kind, k := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			wiretest.Run(t, filepath.Join("testdata", kind, "*.txt"), func(ctx context.Context, conn net.Conn) {
				serveServices(t, ctx, conn, k.opts, k.services)
			})
		})
	}
}

func (s *fakeSession) Services() Services { return s.backend.services }

func (s *fakeSession) OpenURL(_ context.Context, url string) (io.ReadCloser, error) {
	switch {
	case strings.HasSuffix(url, "/gone"):
		return nil, smtp.NewError(554, smtp.EnhancedCode{5, 6, 6}, "IMAP URL resolution failed")
	case strings.HasSuffix(url, "/broken"):
		return io.NopCloser(io.MultiReader(strings.NewReader("Subject: a\r\n"), failingReader{})), nil
	case strings.HasSuffix(url, "/lf"):
		return io.NopCloser(strings.NewReader("a\n")), nil
	case strings.HasSuffix(url, "/empty"):
		return io.NopCloser(strings.NewReader("")), nil
	}
	return io.NopCloser(strings.NewReader("Content of " + url + "\r\n")), nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk /dev/sda1 on fire") }

func (s *fakeSession) StartQueue(_ context.Context, node string, subdomains bool) smtp.Reply {
	switch {
	case node == "uu.example":
		return smtp.Reply{Code: 459, Lines: []string{"Node " + node + " not allowed"}}
	case subdomains:
		return smtp.Reply{Code: 253, Lines: []string{"14 pending messages for node " + node + " started"}}
	}
	return smtp.Reply{Code: 250, Lines: []string{"Queuing for node " + node + " started"}}
}

func (s *fakeSession) Verify(_ context.Context, name string) (string, error) {
	if name != "Jones" {
		return "", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "No such user")
	}
	return "<jones@example.test>", nil
}

func (s *fakeSession) Expand(_ context.Context, name string) ([]string, error) {
	switch name {
	case "Staff":
		return []string{"<jones@example.test>", "<smith@example.test>"}, nil
	case "Nobody":
		return nil, nil
	}
	return nil, smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "No such list")
}

func (s *fakeSession) Forward(context.Context, smtp.ClientAttributes) {
	s.breach(s.inTx, "Forward within a transaction")
}

// TestServiceMessages looks at what reaches the session.
func TestServiceMessages(t *testing.T) {
	t.Parallel()
	const envelope = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
	tests := []struct {
		name     string
		opts     Options
		services Services
		input    string
		want     takenMessage
	}{
		{"binary", Options{}, Services{BinaryMIME: true},
			"EHLO c\r\nMAIL FROM:<a@x.test> BODY=BINARYMIME\r\nRCPT TO:<b@y.test>\r\nBDAT 5 LAST\r\n\x00\n\r\x01\r",
			takenMessage{text: "\x00\n\r\x01\r", chunked: true, opts: smtp.MailOptions{Body: smtp.BodyBinaryMIME}}},
		{"xclient", Options{}, Services{Client: true},
			"XCLIENT ADDR=192.0.2.7\r\nEHLO p\r\nXCLIENT ADDR=192.0.2.7 HELO=c PROTO=SMTP\r\nEHLO p\r\n" + envelope + "DATA\r\nx\r\n.\r\n",
			takenMessage{text: "x\r\n", with: "SMTP"}},
		{"burl", Options{Mode: Submission, AllowInsecureAuth: true}, Services{BURL: true},
			"EHLO c\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n" + envelope + "BDAT 3\r\na\r\nBURL imap://h/1\r\nBURL imap://h/empty\r\nBDAT 3\r\nb\r\nBURL imap://h/2 LAST\r\n",
			takenMessage{text: "a\r\nContent of imap://h/1\r\nb\r\nContent of imap://h/2\r\n", chunked: true, with: "ESMTPA"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got := converseWith(t, tt.opts, tt.services, tt.input)
			if len(got) != 1 {
				t.Fatalf("took %+v", got)
			}
			m := got[0]
			if m.text != tt.want.text || m.chunked != tt.want.chunked || m.opts != tt.want.opts || tt.want.with != "" && m.with != tt.want.with {
				t.Errorf("took %+v, want %+v", m, tt.want)
			}
		})
	}
}
