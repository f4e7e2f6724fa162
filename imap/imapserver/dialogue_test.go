package imapserver_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/imap/imaptest"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Messages of the store that the dialogues speak with.
const (
	plainMail = "From: Fred Foobar <foobar@blurdybloop.example>\n" +
		"To: mooch@owatagu.siam.example\n" +
		"Subject: afternoon meeting 2\n" +
		"Message-ID: <B27397-0100000@blurdybloop.example>\n" +
		"Date: Wed, 14 Jul 1993 02:23:25 -0700\n" +
		"\n" +
		"Hello Joe, do you think we can meet at 3:30 tomorrow?\n"

	partsMail = "From: =?UTF-8?Q?J=C3=BCrgen?= <juergen@example.org>\n" +
		"To: A group: one@example.org, Two <two@example.org>;\n" +
		"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n" +
		"MIME-Version: 1.0\n" +
		"Content-Type: multipart/mixed; boundary=\"outer\"\n" +
		"\n" +
		"preamble\n" +
		"--outer\n" +
		"Content-Type: text/plain; charset=utf-8\n" +
		"Content-Transfer-Encoding: base64\n" +
		"Content-ID: <one@example.org>\n" +
		"Content-Description: a \"quoted\" text\n" +
		"\n" +
		"R3LDvMOfZSBhdXMgS8O2bG4=\n" +
		"--outer\n" +
		"Content-Type: message/rfc822\n" +
		"\n" +
		"From: inner@example.org\n" +
		"Subject: within\n" +
		"Content-Type: multipart/alternative; boundary=inner\n" +
		"\n" +
		"--inner\n" +
		"Content-Type: text/plain\n" +
		"\n" +
		"first\n" +
		"--inner\n" +
		"Content-Type: text/html\n" +
		"Content-Language: en, de\n" +
		"Content-Location: http://example.org/\n" +
		"\n" +
		"<p>second</p>\n" +
		"--inner--\n" +
		"--outer\n" +
		"Content-Type: application/octet-stream\n" +
		"Content-Transfer-Encoding: base64\n" +
		"Content-Disposition: attachment; filename=\"data.bin\"\n" +
		"\n" +
		"AAEC\n" +
		"--outer\n" +
		"Content-Type: text/plain\n" +
		"Content-Transfer-Encoding: x-unknown\n" +
		"\n" +
		"??\n" +
		"--outer--\n"
)

// newStore returns a store with three messages in INBOX.
func newStore() *imaptest.Store {
	store := imaptest.New()
	deliver := func(text string, flags ...imap.Flag) {
		store.Deliver(imap.Inbox, strings.ReplaceAll(text, "\n", "\r\n"), flags...)
	}
	deliver(plainMail, imap.FlagSeen)
	deliver(partsMail)
	deliver("Subject: third\n\nthird\n", imap.FlagFlagged, "Work")
	return store
}

// newServer returns a server on a new store, with all features.
func newServer(t *testing.T, edit func(*imapserver.Options)) *imapserver.Server {
	opts := imapserver.Options{
		Backend:           newStore(),
		Logger:            slog.New(slog.DiscardHandler),
		AllowInsecureAuth: true,
		AuthFailureDelay:  time.Nanosecond,
		AppendLimit:       1000,
		MaxLine:           2000,
		MaxLiteral:        1000,
		MaxBad:            7,
		ServerID:          []string{"name", "Mailstead"},
		Features: imapserver.FeatureQResync | imapserver.FeatureObjectID |
			imapserver.FeatureSaveDate,
	}
	if edit != nil {
		edit(&opts)
	}
	return imapserver.New(opts)
}

func TestDialogues(t *testing.T) {
	wiretest.Run(t, "testdata/*.txt", func(ctx context.Context, conn net.Conn) {
		newServer(t, nil).ServeConn(ctx, conn)
	})
}

// TestTLSDialogues has a server that wants TLS first and keeps its secrets.
func TestTLSDialogues(t *testing.T) {
	config, _ := wiretest.TLS(t)
	wiretest.Run(t, "testdata/tls/*.txt", func(ctx context.Context, conn net.Conn) {
		newServer(t, func(o *imapserver.Options) {
			o.TLS = config
			o.AllowInsecureAuth = false
			o.Features = 0
		}).ServeConn(ctx, conn)
	})
}
