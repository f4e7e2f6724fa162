package imapserver

import (
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// enabled is what the client has switched on, by ENABLE or by a command that
// implies it (RFC 5161, RFC 7162 §3.1). Nothing is ever switched off again.
type enabled struct {
	rev2       bool // IMAP4rev2
	utf8Accept bool // UTF8=ACCEPT
	utf8       bool // what both have in common: UTF-8 in quoted strings
	condStore  bool // CONDSTORE, implied by QRESYNC
	qresync    bool // QRESYNC
	uidOnly    bool // UIDONLY (RFC 9586)
	metadata   bool // METADATA or METADATA-SERVER (RFC 5464 §4.4)
}

// shown returns the flags as the client is told them: IMAP4rev2 has no \Recent
// (RFC 9051 appendix E).
func (e *enabled) shown(flags []imap.Flag) []imap.Flag {
	if !e.rev2 || !slices.Contains(flags, imap.FlagRecent) {
		return flags
	}
	return slices.DeleteFunc(slices.Clone(flags), func(f imap.Flag) bool { return f == imap.FlagRecent })
}
