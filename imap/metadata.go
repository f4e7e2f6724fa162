package imap

import "strings"

// Annotations (RFC 5464) are values that clients keep with a mailbox, or with
// the server, under entry names: paths such as /private/comment. What stands
// below /private is one user's own, what stands below /shared is everybody's
// who may see the mailbox.

// Entries that have a meaning for servers.
const (
	// EntryPrivate and EntryShared are above all others. They have no value.
	EntryPrivate = "/private"
	EntryShared  = "/shared"
	// EntrySharedComment is a note on a mailbox or the server
	// (RFC 5464 §3.2.1).
	EntrySharedComment = "/shared/comment"
	// EntrySharedAdmin is the URI by which to reach who runs the server
	// (RFC 5464 §3.2.1.1).
	EntrySharedAdmin = "/shared/admin"
	// EntrySpecialUse has the special uses of a mailbox (RFC 6154 §4).
	EntrySpecialUse = "/private/specialuse"
)

// MaxEntryName is how long the name of an entry can be, in bytes.
const MaxEntryName = 512

// An Annotation is the value of an entry.
type Annotation struct {
	// Entry is the name in canonical form: see [CheckEntry].
	Entry string
	// Value is nil where there is none, which RFC 5464 calls NIL.
	Value []byte
}

// CheckEntry returns the canonical form of an entry's name, which is in lower
// case since names are case-insensitive, or an error with BAD if no entry can
// have that name (RFC 5464 §3.2). EntryPrivate and EntryShared pass: one can
// ask for what stands below them.
func CheckEntry(name string) (string, error) {
	name = strings.ToLower(name)
	switch {
	case len(name) > MaxEntryName:
		return "", Bad("Entry name is too long")
	case strings.ContainsFunc(name, notInEntry):
		return "", Bad("Entry name has a character that is not allowed")
	case strings.Contains(name, "//"), strings.HasSuffix(name, "/"):
		return "", Bad("Entry name has an empty component")
	case name != EntryPrivate && name != EntryShared && !IsPrivateEntry(name) && !IsSharedEntry(name):
		return "", Bad("Entry name must begin with /private or /shared")
	}
	return name, nil
}

// notInEntry has all control characters: RFC 5464 §3.2 says up to 0x19, by
// which it must mean up to 0x1F.
func notInEntry(r rune) bool { return r < 0x20 || r >= 0x7f || r == '*' || r == '%' }

// IsPrivateEntry reports whether an entry of a canonical name is one user's.
func IsPrivateEntry(name string) bool { return strings.HasPrefix(name, EntryPrivate+"/") }

// IsSharedEntry reports whether an entry of a canonical name is everybody's.
func IsSharedEntry(name string) bool { return strings.HasPrefix(name, EntryShared+"/") }

// HasValue reports whether an entry of a canonical name can have a value: it
// has two components, or four where they begin with a vendor's
// (RFC 5464 §3.2).
func HasValue(entry string) bool {
	parts := strings.Split(entry, "/")[1:]
	return len(parts) >= 4 || len(parts) >= 2 && parts[1] != "vendor"
}

// EntryDepth returns how many levels entry stands below top, zero if they are
// the same, and false if it does not stand there.
func EntryDepth(top, entry string) (int, bool) {
	below, ok := strings.CutPrefix(entry, top)
	if !ok || below != "" && below[0] != '/' {
		return 0, false
	}
	return strings.Count(below, "/"), true
}
