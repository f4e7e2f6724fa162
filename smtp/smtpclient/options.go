package smtpclient

import "time"

// Options of a Client. Name must be set.
type Options struct {
	// Name is how the client names itself in EHLO: a domain or an address
	// literal (RFC 5321 §4.1.1.1).
	Name string

	// LMTP speaks RFC 2033: LHLO, and a final reply for each recipient.
	LMTP bool

	// NoChunking sends all messages with DATA.
	NoChunking bool

	// AllowInsecureAuth lets Auth work without TLS. It is for the loopback
	// interface only.
	AllowInsecureAuth bool

	Timeouts Timeouts
}

// Timeouts bound the waiting by state (RFC 5321 §4.5.3.2). A zero field is its
// default.
type Timeouts struct {
	Greeting  time.Duration // default 5 minutes
	Command   time.Duration // EHLO, AUTH, STARTTLS and others; default 5 minutes
	Handshake time.Duration // of TLS; default 1 minute
	Mail      time.Duration // default 5 minutes
	Rcpt      time.Duration // default 5 minutes
	DataInit  time.Duration // reply to DATA; default 2 minutes
	DataBlock time.Duration // each write; default 3 minutes
	DataEnd   time.Duration // reply to the end of the message; default 10 minutes
	Quit      time.Duration // default 10 seconds
}

func (t Timeouts) withDefaults() Timeouts {
	orDefault(&t.Greeting, 5*time.Minute)
	orDefault(&t.Command, 5*time.Minute)
	orDefault(&t.Handshake, time.Minute)
	orDefault(&t.Mail, 5*time.Minute)
	orDefault(&t.Rcpt, 5*time.Minute)
	orDefault(&t.DataInit, 2*time.Minute)
	orDefault(&t.DataBlock, 3*time.Minute)
	orDefault(&t.DataEnd, 10*time.Minute)
	orDefault(&t.Quit, 10*time.Second)
	return t
}

func orDefault(v *time.Duration, def time.Duration) {
	if *v <= 0 {
		*v = def
	}
}
