package imap

import (
	"strings"
	"unicode/utf8"
)

// Inbox is the canonical name of the primary mailbox, whose name is compared
// without regard to case (RFC 9051 §5.1).
const Inbox = "INBOX"

// MaxMailboxName is the length in bytes beyond which CheckMailboxName refuses
// a name.
const MaxMailboxName = 1000

// A MailboxAttr is an attribute of a mailbox in LIST (RFC 9051 §7.3.1).
type MailboxAttr string

// Attributes of LIST.
const (
	AttrNoInferiors   MailboxAttr = `\Noinferiors`
	AttrNoSelect      MailboxAttr = `\Noselect`
	AttrNonExistent   MailboxAttr = `\NonExistent`
	AttrHasChildren   MailboxAttr = `\HasChildren`
	AttrHasNoChildren MailboxAttr = `\HasNoChildren`
	AttrMarked        MailboxAttr = `\Marked`
	AttrUnmarked      MailboxAttr = `\Unmarked`
	AttrSubscribed    MailboxAttr = `\Subscribed`
	AttrRemote        MailboxAttr = `\Remote`
	AttrNoAccess      MailboxAttr = `\NoAccess` // RFC 5465 §3.1
)

// Special uses (RFC 6154, RFC 8457).
const (
	AttrAll       MailboxAttr = `\All`
	AttrArchive   MailboxAttr = `\Archive`
	AttrDrafts    MailboxAttr = `\Drafts`
	AttrFlagged   MailboxAttr = `\Flagged`
	AttrJunk      MailboxAttr = `\Junk`
	AttrSent      MailboxAttr = `\Sent`
	AttrTrash     MailboxAttr = `\Trash`
	AttrImportant MailboxAttr = `\Important`
)

// SpecialUse returns a in its canonical spelling and whether it is a special
// use.
func (a MailboxAttr) SpecialUse() (MailboxAttr, bool) {
	for _, use := range [...]MailboxAttr{
		AttrAll, AttrArchive, AttrDrafts, AttrFlagged, AttrJunk, AttrSent, AttrTrash, AttrImportant,
	} {
		if strings.EqualFold(string(a), string(use)) {
			return use, true
		}
	}
	return a, false
}

// CanonicalMailboxName returns name with INBOX in upper case, where it is the
// whole name or, with the delimiter delim, its first level.
func CanonicalMailboxName(name string, delim rune) string {
	const n = len(Inbox)
	if len(name) < n || !strings.EqualFold(name[:n], Inbox) {
		return name
	}
	if len(name) == n || delim != 0 && strings.HasPrefix(name[n:], string(delim)) {
		return Inbox + name[n:]
	}
	return name
}

// CheckMailboxName returns an error, of type *Error with code CANNOT, if a
// mailbox cannot have that name: it is empty, too long, not UTF-8, has control
// characters (RFC 9051 §5.1.1) or an empty level of hierarchy.
func CheckMailboxName(name string, delim rune) error {
	bad := func(text string) error {
		return &Error{Type: StatusNo, Code: CodeCannot, Text: text}
	}
	switch {
	case name == "":
		return bad("Mailbox name is empty")
	case len(name) > MaxMailboxName:
		return bad("Mailbox name is too long")
	case !utf8.ValidString(name):
		return bad("Mailbox name is not UTF-8")
	case strings.ContainsFunc(name, isNameControl):
		return bad("Mailbox name has control characters")
	}
	if delim == 0 {
		return nil
	}
	d := string(delim)
	if strings.HasPrefix(name, d) || strings.HasSuffix(name, d) || strings.Contains(name, d+d) {
		return bad("Mailbox name has an empty level")
	}
	return nil
}

// isNameControl tells the characters that RFC 9051 §5.1 and RFC 5198 §2 keep
// out of names: C0 and C1 controls, and the line and paragraph separators.
func isNameControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029
}
