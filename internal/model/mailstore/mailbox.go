package mailstore

import (
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// A Mailbox is the record of a mailbox at one moment. It is immutable.
type Mailbox struct {
	ID            MailboxID
	Name          string // UTF-8 in NFC, levels separated by Delimiter
	UIDValidity   imap.UIDValidity
	UIDNext       imap.UID
	HighestModSeq imap.ModSeq
	Messages      uint32
	Unseen        uint32 // without \Seen
	Deleted       uint32 // with \Deleted
	Bytes         int64  // sizes of all messages
	DeletedBytes  int64  // sizes of those with \Deleted (RFC 9208 §4.1.3)
	// SpecialUse has the special uses (RFC 6154), canonical. Do not change.
	SpecialUse []imap.MailboxAttr
	// Grants is the access control list, without the owner, who has all
	// rights. Do not change.
	Grants []Grant

	// keywords has the names of the keywords, by FlagBit - firstKeyword; a
	// place that is free has an empty name.
	keywords []imap.Flag
}

// IsInbox reports whether the mailbox is INBOX.
func (m *Mailbox) IsInbox() bool { return m.Name == imap.Inbox }

// HasUse reports whether the mailbox has a special use.
func (m *Mailbox) HasUse(use imap.MailboxAttr) bool { return slices.Contains(m.SpecialUse, use) }

// FlagBit returns where a flag is in [Flags]. It returns false if no message
// of the mailbox can have it.
func (m *Mailbox) FlagBit(f imap.Flag) (FlagBit, bool) {
	if !f.IsKeyword() {
		for bit, name := range systemFlags() {
			if f.Equal(name) {
				return FlagBit(bit), true
			}
		}
		return 0, false
	}
	for i, name := range m.keywords {
		if f.Equal(name) {
			return firstKeyword + FlagBit(i), true
		}
	}
	return 0, false
}

// AppendFlags appends the names of flags, system flags first.
func (m *Mailbox) AppendFlags(dst []imap.Flag, flags Flags) []imap.Flag {
	names := systemFlags()
	flags.each(func(b FlagBit) {
		switch {
		case int(b) < len(names):
			dst = append(dst, names[b])
		case b >= firstKeyword && int(b-firstKeyword) < len(m.keywords):
			dst = append(dst, m.keywords[b-firstKeyword])
		}
	})
	return dst
}

// names reports whether the flag at b has a name in the mailbox.
func (m *Mailbox) names(b FlagBit) bool {
	if b <= Draft {
		return true
	}
	return b >= firstKeyword && int(b-firstKeyword) < len(m.keywords) && m.keywords[b-firstKeyword] != ""
}

// Keywords returns the keywords that messages of the mailbox have or had, for
// the FLAGS response (RFC 9051 §7.3.5).
func (m *Mailbox) Keywords() []imap.Flag {
	return slices.DeleteFunc(slices.Clone(m.keywords), func(f imap.Flag) bool { return f == "" })
}

// resolve turns flag names into Flags, adding keywords that are new to the
// mailbox; inUse tells which flags messages have, and is only called when
// there is no free place. m must be the caller's own copy.
func (m *Mailbox) resolve(names []imap.Flag, inUse func() (Flags, error)) (Flags, error) {
	var flags Flags
	for _, name := range names {
		if name.Equal(imap.FlagRecent) {
			continue
		}
		if !name.Valid() || len(name) > maxKeyword {
			return Flags{}, ErrBadFlag
		}
		bit, ok := m.FlagBit(name)
		if !ok {
			var err error
			if bit, err = m.addKeyword(name.Canonical(), flags, inUse); err != nil {
				return Flags{}, err
			}
		}
		flags = flags.with(bit)
	}
	return flags, nil
}

// maxKeyword is the length of a keyword in bytes that is still accepted.
const maxKeyword = 128

// addKeyword finds a place for a new keyword. Places of keywords that no
// message has are given away only when all are taken.
func (m *Mailbox) addKeyword(name imap.Flag, taken Flags, inUse func() (Flags, error)) (FlagBit, error) {
	name = imap.Flag(strings.Clone(string(name)))
	if i := slices.Index(m.keywords, ""); i >= 0 {
		m.keywords = slices.Clone(m.keywords)
		m.keywords[i] = name
		return firstKeyword + FlagBit(i), nil
	}
	if len(m.keywords) < MaxKeywords {
		m.keywords = append(slices.Clip(m.keywords), name)
		return firstKeyword + FlagBit(len(m.keywords)-1), nil
	}
	used, err := inUse()
	if err != nil {
		return 0, err
	}
	m.dropKeywords(used.union(taken))
	if !slices.Contains(m.keywords, "") {
		return 0, ErrTooManyKeywords
	}
	return m.addKeyword(name, taken, inUse)
}

// dropKeywords frees the places of keywords that are not in used.
func (m *Mailbox) dropKeywords(used Flags) {
	m.keywords = slices.Clone(m.keywords)
	for i := range m.keywords {
		if !used.Has(firstKeyword + FlagBit(i)) {
			m.keywords[i] = ""
		}
	}
}
