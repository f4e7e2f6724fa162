package config

import (
	"os"
	"path/filepath"
	"time"
)

// A Config is the whole configuration of a server.
type Config struct {
	Hostname string `toml:"hostname" comment:"The name of this server, as it greets, and as it stands in Received fields and\nMessage-IDs. Other servers look it up: it should resolve to this machine.\nEmpty: what the machine calls itself."`
	Data     string `toml:"data" comment:"The folder of everything the server keeps. Only its owner may read it."`

	Log     Log     `toml:"log" comment:"What the server says of itself, on standard error."`
	Metrics Metrics `toml:"metrics" comment:"Prometheus metrics at /metrics, and /healthz."`
	TLS     TLS     `toml:"tls" comment:"The certificate of all listeners."`

	SMTP        Listener `toml:"smtp" comment:"Mail from other servers."`
	Submission  Listener `toml:"submission" comment:"Mail from our users, with STARTTLS (RFC 6409)."`
	Submissions Listener `toml:"submissions" comment:"Mail from our users, with TLS from the start (RFC 8314)."`
	LMTP        LMTP     `toml:"lmtp" comment:"Mail from a mail server in front of this one (RFC 2033). It has no authentication:\nkeep it on addresses that only that server can reach."`
	IMAP        Listener `toml:"imap" comment:"Reading mail, with STARTTLS."`
	IMAPS       Listener `toml:"imaps" comment:"Reading mail, with TLS from the start."`
	POP3        Listener `toml:"pop3" comment:"Downloading mail, with STLS."`
	POP3S       Listener `toml:"pop3s" comment:"Downloading mail, with TLS from the start."`

	ESMTP   ESMTP   `toml:"esmtp" comment:"Which extensions of SMTP are offered, and whose word counts."`
	Sending Sending `toml:"sending" comment:"How much one account may send and get."`

	Limits       Limits       `toml:"limits" comment:"What one peer may ask of the server."`
	Auth         Auth         `toml:"auth" comment:"How passwords are checked and kept."`
	Capabilities Capabilities `toml:"capabilities" comment:"What IMAP clients are offered."`

	Delivery   Delivery   `toml:"delivery" comment:"Mail into local mailboxes."`
	Maildrop   Maildrop   `toml:"maildrop" comment:"What POP3 shows and does. \"mailstead account pop3\" sets it for one account."`
	Outbound   Outbound   `toml:"outbound" comment:"Mail to other servers."`
	Metadata   Metadata   `toml:"metadata" comment:"Annotations of mailboxes and of the server (RFC 5464)."`
	HTTPS      HTTPS      `toml:"https" comment:"Web clients: the MTA-STS policy of our domains."`
	MTASTS     MTASTS     `toml:"mta-sts" comment:"What our domains say about TLS to the servers that bring mail (RFC 8461)."`
	TLSReports TLSReports `toml:"tls-reports" comment:"Reports on TLS, to other domains and from them (RFC 8460)."`

	Trace   Trace   `toml:"trace" comment:"What \"mailstead trace\" tells: the way of each message, with each attempt to send it on."`
	DNS     DNS     `toml:"dns" comment:"Who answers questions about other domains."`
	Storage Storage `toml:"storage" comment:"The embedded store."`
}

// Default returns a configuration with the default of every setting.
func Default() *Config {
	return &Config{
		Data:        "/var/lib/mailstead",
		Log:         Log{Format: "text", Level: "info"},
		Metrics:     Metrics{Listen: "127.0.0.1:9090"},
		SMTP:        listener(":25"),
		Submission:  listener(":587"),
		Submissions: listener(":465"),
		LMTP:        LMTP{Listener: listener(), SocketMode: "0660"},
		IMAP:        listener(":143"),
		IMAPS:       listener(":993"),
		POP3:        listener(":110"),
		POP3S:       listener(":995"),
		ESMTP:       defaultESMTP(),
		Sending:     Sending{MessagesPerHour: 1000, RecipientsPerHour: 2000, RecipientsPerDay: 10_000},
		Limits: Limits{
			MessageSize: 50 << 20, Recipients: 1000, ReceivedFields: 100,
			LoginTime: Duration{5 * time.Minute}, AuthFailures: 5, ProtocolErrors: 20,
			IMAPSaved: 100_000,
			DrainTime: Duration{30 * time.Second}, Memory: 120 << 20, SearchMemory: 32 << 20,
		},
		Auth:         Auth{Argon2Memory: 19 << 20, Argon2Time: 2, SCRAMIterations: 15_000},
		Capabilities: Capabilities{Literals: "LITERAL+", Without: []string{}, Clients: []string{}, Accounts: []string{}},
		Delivery:     Delivery{Subaddress: "+", Postmaster: ""},
		Maildrop:     Maildrop{Mailbox: "INBOX", Delete: "delete", Leave: Forever, Idle: Duration{10 * time.Minute}, Language: "en"},
		Outbound: Outbound{
			Retry: []Duration{
				Duration{time.Minute}, Duration{5 * time.Minute}, Duration{15 * time.Minute},
				Duration{30 * time.Minute}, Duration{time.Hour}, Duration{2 * time.Hour}, Duration{4 * time.Hour},
			},
			Lifetime: Duration{5 * 24 * time.Hour}, DelayNotice: Duration{4 * time.Hour},
			Concurrency: 100, PerDestination: 10, TLS: "opportunistic", DANE: true, MTASTS: true,
			Routes: []Route{}, Pools: []Pool{},
		},
		Metadata: Metadata{Entries: 100, Size: 16 << 10, Total: 4 << 20},
		HTTPS:    HTTPS{Listen: []string{}},
		MTASTS:   MTASTS{Mode: "none", MX: []string{}, MaxAge: Duration{7 * 24 * time.Hour}},
		Trace:    Trace{Keep: Duration{14 * 24 * time.Hour}},
		DNS:      DNS{Servers: []string{}},
		Storage:  Storage{Cache: 16 << 20, ReclaimInterval: Duration{10 * time.Minute}, IndexCopy: Duration{time.Hour}, KeepExpunged: Duration{time.Minute}},
	}
}

// Check returns every setting that makes no sense, without lines.
func (c *Config) Check() []Problem {
	var r report
	if c.Data == "" {
		r.add("data", "must name a folder")
	} else if !filepath.IsAbs(c.Data) {
		r.add("data", "must be an absolute path, not %q", c.Data)
	}
	if c.Hostname != "" && !isDomain(c.Hostname) {
		r.add("hostname", "%q is not a domain name", c.Hostname)
	}
	for _, s := range []struct {
		name  string
		check func(*report)
	}{
		{"log", c.Log.check}, {"metrics", c.Metrics.check}, {"tls", c.TLS.check},
		{"smtp", c.SMTP.check}, {"submission", c.Submission.check}, {"submissions", c.Submissions.check},
		{"lmtp", c.LMTP.check}, {"imap", c.IMAP.check}, {"imaps", c.IMAPS.check},
		{"pop3", c.POP3.check}, {"pop3s", c.POP3S.check},
		{"esmtp", c.ESMTP.check}, {"sending", c.Sending.check},
		{"limits", c.Limits.check}, {"auth", c.Auth.check}, {"delivery", c.Delivery.check}, {"capabilities", c.Capabilities.check},
		{"maildrop", c.Maildrop.check},
		{"outbound", c.Outbound.check}, {"metadata", c.Metadata.check}, {"https", c.HTTPS.check}, {"mta-sts", c.MTASTS.check}, {"tls-reports", c.TLSReports.check}, {"trace", c.Trace.check}, {"dns", c.DNS.check}, {"storage", c.Storage.check},
	} {
		r.section = s.name + "."
		s.check(&r)
	}
	return r.problems
}

// HostnameOrMachine returns the hostname, or the machine's if none is set.
func (c *Config) HostnameOrMachine() string {
	if c.Hostname != "" {
		return c.Hostname
	}
	if name, err := os.Hostname(); err == nil && isDomain(name) {
		return name
	}
	return "localhost"
}
