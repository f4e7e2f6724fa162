package config

import "time"

// Limits bound what one peer may ask.
type Limits struct {
	MessageSize    Size     `toml:"message-size" comment:"Size of one message."`
	Recipients     int      `toml:"recipients" comment:"Recipients of one message."`
	Messages       int      `toml:"messages-per-connection" comment:"Messages in one SMTP connection; 0 for any number."`
	ReceivedFields int      `toml:"received-fields" comment:"Received fields in a message, above which it is in a loop."`
	LoginTime      Duration `toml:"login-time" comment:"How long a connection may take in all to log in over IMAP and submission, and over POP3,\nwhere it is never more than 2m."`
	AuthFailures   int      `toml:"auth-failures" comment:"Failed logins before a connection is closed."`
	ProtocolErrors int      `toml:"protocol-errors" comment:"Commands in error before a connection is closed."`
	IMAPMessages   int      `toml:"imap-messages" comment:"Messages that one IMAP command processes (RFC 9738, MESSAGELIMIT); of more it does the\nnewest. 0 is no limit: clients that do not know of it take a part for the whole."`
	IMAPSaved      int      `toml:"imap-saved" comment:"Messages that one IMAP command copies or appends (RFC 9738, SAVELIMIT); of more it does\nnone. 0 is no limit."`
	SearchMemory   Size     `toml:"search-memory" comment:"Memory for what searching, sorting and threading want of all messages of a mailbox, such as\na header field; 0 for none. The mailboxes that were searched last have it, if they are not\ntoo large; in others each message's record is read. It is never more than a third of memory."`
	DrainTime      Duration `toml:"drain-time" comment:"How long a stopping server waits for what is in flight."`
	Memory         Size     `toml:"memory" comment:"Memory of the whole process above which the garbage collector works harder. It is no\nhard limit: what is needed is used."`
}

func (l *Limits) check(r *report) {
	if l.MessageSize < 64<<10 {
		r.add("message-size", "must be at least 64KB")
	}
	if l.Recipients < 100 {
		r.add("recipients", "must be at least 100 (RFC 5321 §4.5.3.1.8)")
	}
	if l.Recipients > 5000 {
		r.add("recipients", "must be at most 5000, which is what the queue takes")
	}
	if l.Messages < 0 || l.Messages > 999_999 {
		r.add("messages-per-connection", "must be from 0 to 999999")
	}
	if l.ReceivedFields < 10 {
		r.add("received-fields", "must be at least 10")
	}
	if l.LoginTime.Duration < 10*time.Second || l.LoginTime.Duration > time.Hour {
		r.add("login-time", "must be from 10s to 1h")
	}
	if l.AuthFailures < 1 {
		r.add("auth-failures", "must be at least 1")
	}
	if l.ProtocolErrors < 1 {
		r.add("protocol-errors", "must be at least 1")
	}
	if l.IMAPMessages < 0 || l.IMAPMessages > 0 && l.IMAPMessages < 1000 {
		r.add("imap-messages", "must be 0 or at least 1000 (RFC 9738 §3)")
	}
	if l.IMAPSaved < 0 || l.IMAPSaved > 0 && l.IMAPSaved < 1000 {
		r.add("imap-saved", "must be 0 or at least 1000 (RFC 9738 §3)")
	}
	if l.SearchMemory != 0 && l.SearchMemory < 1<<20 {
		r.add("search-memory", "must be 0 or at least 1MB")
	}
	if l.Memory < 32<<20 {
		r.add("memory", "must be at least 32MB")
	}
	if l.DrainTime.Duration > time.Hour {
		r.add("drain-time", "must be at most an hour")
	}
}
