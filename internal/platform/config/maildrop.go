package config

import (
	"strconv"
	"strings"
	"time"
)

// Maildrop is what POP3 shows, of accounts that have no policy of their own.
type Maildrop struct {
	Mailbox    string   `toml:"mailbox" comment:"The mailbox that POP3 shows."`
	Delete     string   `toml:"delete" comment:"What becomes of a message that a POP3 client deletes: \"delete\" removes it, \"trash\" moves\nit to the trash, \"hide\" keeps it for IMAP and shows it to POP3 no more."`
	Leave      string   `toml:"leave-on-server" comment:"How long a message may stay that a POP3 client has downloaded: \"forever\", days such as\n\"30d\", or \"0d\" to remove it when the session ends. What was not downloaded stays."`
	LoginDelay Duration `toml:"login-delay" comment:"Least time between two POP3 logins of one account; 0s for none."`
	Idle       Duration `toml:"idle-time" comment:"How long a POP3 session may be silent before it ends and the maildrop is free again\n(RFC 1939 §3 asks for 10m at least)."`
	Language   string   `toml:"language" comment:"Language of POP3 responses for clients that ask for yours: \"en\" or \"de\"."`
}

// Forever as Maildrop.Leave lets messages stay.
const Forever = "forever"

// LeaveDays returns how many days a downloaded message may stay; false is for
// ever.
func (m *Maildrop) LeaveDays() (days int, limited bool) {
	if m.Leave == Forever {
		return 0, false
	}
	days, _ = parseDays(m.Leave)
	return days, true
}

// parseDays reads days such as "30d".
func parseDays(s string) (int, bool) {
	digits, found := strings.CutSuffix(s, "d")
	days, err := strconv.ParseUint(digits, 10, 16)
	return int(days), found && err == nil && days <= 100*365
}

func (m *Maildrop) check(r *report) {
	if m.Mailbox == "" {
		r.add("mailbox", "must name a mailbox, such as \"INBOX\"")
	}
	oneOf(r, "delete", m.Delete, "delete", "trash", "hide")
	if _, ok := parseDays(m.Leave); !ok && m.Leave != Forever {
		r.add("leave-on-server", "must be \"forever\" or days such as \"30d\", not %q", m.Leave)
	}
	if m.LoginDelay.Duration > 24*time.Hour || m.LoginDelay.Duration%time.Second != 0 {
		r.add("login-delay", "must be whole seconds, at most a day")
	}
	if m.Idle.Duration < 10*time.Minute || m.Idle.Duration > 24*time.Hour {
		r.add("idle-time", "must be from 10m to 24h (RFC 1939 §3)")
	}
	oneOf(r, "language", m.Language, "en", "de")
}
