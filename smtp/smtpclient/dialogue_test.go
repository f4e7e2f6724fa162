package smtpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustAddress(s string) address.Address {
	a, err := address.Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// message returns one from a@x.test with the text, to the recipients.
func message(text string, to ...string) Message {
	m := Message{
		From: smtp.ReversePath{Address: mustAddress("a@x.test")},
		Body: strings.NewReader(text),
		Size: int64(len(text)),
	}
	for _, s := range to {
		m.To = append(m.To, Recipient{To: smtp.ForwardPath{Address: mustAddress(s)}})
	}
	return m
}

// summary says what Send returned, for comparison.
func summary(outcomes []Outcome, err error) string {
	var b strings.Builder
	for _, o := range outcomes {
		b.WriteString(kind(o.Err) + "; ")
	}
	return b.String() + "all: " + kind(err)
}

func kind(err error) string {
	var (
		reply *ReplyError
		conn  *ConnError
		body  *BodyError
		local *smtp.Error
	)
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &reply):
		return fmt.Sprintf("%s %d", reply.Command, reply.Reply.Code)
	case errors.As(err, &conn) && conn.MayBeAccepted:
		return "perhaps"
	case errors.As(err, &conn):
		return "broken at " + conn.Command
	case errors.As(err, &body):
		return "body: " + body.Err.Error()
	case errors.As(err, &local):
		return "local " + local.Reply.Enhanced.String()
	}
	return err.Error()
}

// TestDialogues plays a server to a client that says hello, uses STARTTLS and
// AUTH if they are offered, sends a message, and quits if it still can.
func TestDialogues(t *testing.T) {
	t.Parallel()
	const text = "Subject: x\r\n\r\n.dot\r\n"
	two := func() Message { return message(text, "b@y.test", "c@y.test") }
	tests := []struct {
		name    string
		opts    Options
		message func() Message
		want    string
	}{
		{"plain", Options{}, two, "ok; ok; all: ok"},
		{"helo", Options{}, two, "ok; ok; all: ok"},
		{"pipelining", Options{}, two, "RCPT 550; ok; all: ok"},
		{"chunking", Options{}, two, "ok; ok; all: ok"},
		{"nochunking", Options{NoChunking: true}, two, "ok; ok; all: ok"},
		{"unsized", Options{}, func() Message { m := two(); m.Size = 0; return m }, "ok; ok; all: ok"},
		{"lmtp", Options{LMTP: true}, two, "ok; end of data 452; all: ok"},
		{"lmtpcut", Options{LMTP: true}, two, "ok; perhaps; all: perhaps"},
		{"mailrefused", Options{}, two, "MAIL 550; MAIL 550; all: MAIL 550"},
		{"allrefused", Options{}, two, "RCPT 550; RCPT 450; all: ok"},
		{"datarefused", Options{}, two, "RCPT 550; DATA 451; all: DATA 451"},
		{"endrefused", Options{}, two, "end of data 554; end of data 554; all: end of data 554"},
		{"cutatend", Options{}, two, "perhaps; perhaps; all: perhaps"},
		{"cutatmail", Options{}, two, "broken at MAIL; broken at MAIL; all: broken at MAIL"},
		{"shutdown", Options{}, two, "RCPT 421; RCPT 421; all: RCPT 421"},
		{"greeting554", Options{}, two, "hello: greeting 554"},
		{"garbage", Options{}, two, "hello: broken at EHLO"},
		{"mixedcodes", Options{}, two, "hello: broken at EHLO"},
		{"starttls", Options{}, two, "ok; ok; all: ok"},
		{"injected", Options{}, two, "starttls: broken at STARTTLS"},
		{"tlsrefused", Options{}, two, "starttls: STARTTLS 454"},
		{"auth", Options{AllowInsecureAuth: true}, two, "ok; ok; all: ok"},
		{"authinsecure", Options{}, two, "auth: local 4.7.0"},
		{"authrefused", Options{AllowInsecureAuth: true}, two, "auth: AUTH 535"},
		{"noutf8", Options{}, func() Message { return message(text, "b@y.test", "ü@y.test") }, "ok; local 5.6.7; all: ok"},
		{"toobig", Options{}, two, "local 5.3.4; local 5.3.4; all: local 5.3.4"},
		{"options", Options{}, fullOptions, "ok; all: ok"},
		{"optionsless", Options{}, fullOptions, "ok; all: ok"},
		{"services", Options{}, services(demands), "ok; all: ok"},
		{"wishes", Options{}, services(wishes), "ok; all: ok"},
		{"norequiretls", Options{}, services(demands), "local 5.7.30; all: local 5.7.30"},
		{"nodeliverby", Options{}, services(" BY=60;R"), "local 5.3.3; all: local 5.3.3"},
		{"nohold", Options{}, services(" HOLDFOR=3601"), "local 5.3.3; all: local 5.3.3"},
		{"nobinary", Options{}, services(" BODY=BINARYMIME"), "local 5.6.3; all: local 5.6.3"},
		{"binary", Options{}, binary, "ok; all: ok"},
		{"norrvs", Options{}, sinceThen, "local 5.7.19; ok; all: ok"},
		{"limits", Options{}, func() Message { return message(text, "b@y.test", "c@y.test", "d@y.test") }, "ok; ok; local 4.5.3; all: ok"},
		{"flood", Options{}, two, "hello: broken at greeting"},
		{"longline", Options{}, two, "hello: broken at greeting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wiretest.RunClient(t, "testdata/"+tt.name+".txt", func(ctx context.Context, conn net.Conn) {
				if got := converse(ctx, conn, tt.opts, tt.message()); got != tt.want {
					t.Errorf("outcome: %s\nwant:    %s", got, tt.want)
				}
			})
		})
	}
}

// Parameters that a message must not go without, and those that are wishes.
const (
	demands = " REQUIRETLS HOLDFOR=3600 BY=120;RT MT-PRIORITY=3 SOLICIT=net.example:ADV"
	wishes  = " BY=120;N MT-PRIORITY=-4 SOLICIT=net.example:ADV"
)

func services(params string) func() Message {
	all := smtp.Extensions{
		smtp.EightBitMIME: "", smtp.BinaryMIME: "", smtp.RequireTLS: "", smtp.FutureRelease: "", smtp.DeliverBy: "",
		smtp.MTPriority: "", smtp.NoSoliciting: "",
	}
	o, err := smtp.ParseMailOptions(params, all)
	if err != nil {
		panic(err)
	}
	return func() Message {
		m := message("x\r\n", "b@y.test")
		m.Options = o
		return m
	}
}

func binary() Message {
	m := message("\x00\n\r!", "b@y.test")
	m.Options.Body = smtp.BodyBinaryMIME
	return m
}

// sinceThen has a recipient who must not have changed, and one for whom that
// is a wish.
func sinceThen() Message {
	m := message("x\r\n", "b@y.test", "c@y.test")
	then := time.Date(2014, 4, 3, 23, 1, 0, 0, time.UTC)
	m.To[0].Options.ValidSince = smtp.ValidSince{Time: then}
	m.To[1].Options.ValidSince = smtp.ValidSince{Time: then, Continue: true}
	return m
}

func fullOptions() Message {
	m := message("x\r\n", "b@y.test")
	m.Options = smtp.MailOptions{Body: smtp.Body7Bit, Auth: "<>", Return: smtp.ReturnHeaders, EnvelopeID: "a=b"}
	m.To[0].Options = smtp.RcptOptions{Notify: smtp.NotifyFailure | smtp.NotifyDelay, OriginalRecipient: "rfc822;b+c@y.test"}
	return m
}

func converse(ctx context.Context, conn net.Conn, opts Options, m Message) string {
	opts.Name = "client.example"
	c := New(conn, opts)
	defer func() { _ = c.Close() }()
	if err := c.Hello(ctx); err != nil {
		return "hello: " + kind(err)
	}
	if c.Extensions().Has(smtp.StartTLS) {
		if err := c.StartTLS(ctx, &tls.Config{InsecureSkipVerify: true}); err != nil {
			return "starttls: " + kind(err)
		}
	}
	if c.Extensions().Has(smtp.Auth) {
		if err := c.Auth(ctx, sasl.NewPlainClient("", "alice", "secret")); err != nil {
			return "auth: " + kind(err)
		}
	}
	got := summary(c.Send(ctx, m))
	if c.Usable() {
		if err := c.Quit(ctx); err != nil {
			return "quit: " + kind(err)
		}
	}
	return got
}
