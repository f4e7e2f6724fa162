package imap

import "strings"

// Rights is a set of the rights that somebody has on a mailbox
// (RFC 4314 §2.1).
type Rights uint16

// The standard rights.
const (
	RightLookup     Rights = 1 << iota // l: LIST shows the mailbox
	RightRead                          // r: SELECT, STATUS
	RightSeen                          // s: change \Seen
	RightWrite                         // w: change flags other than \Seen and \Deleted
	RightInsert                        // i: APPEND and COPY into the mailbox
	RightPost                          // p: send mail to it; not IMAP's to enforce
	RightCreate                        // k: CREATE below it, RENAME to below it
	RightDelete                        // x: DELETE it, RENAME it
	RightDeleteMsgs                    // t: change \Deleted
	RightExpunge                       // e: EXPUNGE
	RightAdminister                    // a: SETACL, DELETEACL, GETACL, LISTRIGHTS
	endOfRights

	// AllRights is what the owner of a mailbox has.
	AllRights = endOfRights - 1
	// AnyRight are those of which one is enough to know of a mailbox
	// (RFC 4314 §4, MYRIGHTS).
	AnyRight = RightLookup | RightRead | RightInsert | RightCreate | RightDelete | RightAdminister
	// FlagRights are those that let flags be changed.
	FlagRights = RightSeen | RightWrite | RightDeleteMsgs
	// NewRights are those that RFC 2086 did not have: the letters of the
	// capability RIGHTS= (RFC 4314 §2.2).
	NewRights = RightCreate | RightDelete | RightDeleteMsgs | RightExpunge

	// createRights and deleteRights are what the letters c and d of RFC 2086
	// stand for: the first of the two readings of RFC 4314 §2.1.1.
	createRights = RightCreate | RightDelete
	deleteRights = RightDeleteMsgs | RightExpunge
)

// rightLetters are the letters of the rights, in the order of their bits.
const rightLetters = "lrswipkxtea"

// ParseRights reads a list of rights, in which c and d stand for those that
// they have become (RFC 4314 §2.1.1). It fails with BAD at any other character
// (§3.1).
func ParseRights(s string) (Rights, error) {
	var rights Rights
	for i := range len(s) {
		switch c := s[i]; c {
		case 'c':
			rights |= createRights
		case 'd':
			rights |= deleteRights
		default:
			at := strings.IndexByte(rightLetters, c)
			if at < 0 {
				return 0, unknownRight(c)
			}
			rights |= 1 << at
		}
	}
	return rights, nil
}

func unknownRight(c byte) error {
	if c >= 'A' && c <= 'Z' {
		return Bad("Uppercase rights are not allowed")
	}
	return Bad("Not a right")
}

// Has reports whether all of want are in the set.
func (r Rights) Has(want Rights) bool { return r&want == want }

// HasAny reports whether one of want is in the set.
func (r Rights) HasAny(want Rights) bool { return r&want != 0 }

// String returns the letters of the set, with the c and d that older clients
// look for (RFC 4314 §2.1.1).
func (r Rights) String() string {
	b := make([]byte, 0, len(rightLetters)+2)
	for i := range len(rightLetters) {
		if rightLetters[i] == 'a' {
			b = r.appendVirtual(b)
		}
		if r>>i&1 != 0 {
			b = append(b, rightLetters[i])
		}
	}
	return string(b)
}

func (r Rights) appendVirtual(b []byte) []byte {
	if r.HasAny(createRights) {
		b = append(b, 'c')
	}
	if r.HasAny(deleteRights) {
		b = append(b, 'd')
	}
	return b
}

// MayChange reports whether the rights are enough to set or clear a flag
// (RFC 4314 §4, STORE).
func (r Rights) MayChange(f Flag) bool {
	switch {
	case f.Equal(FlagSeen):
		return r.Has(RightSeen)
	case f.Equal(FlagDeleted):
		return r.Has(RightDeleteMsgs)
	}
	return r.Has(RightWrite)
}

// Changeable returns those of flags that the rights let be changed. It returns
// flags itself if they are all.
func (r Rights) Changeable(flags []Flag) []Flag {
	if r.Has(FlagRights) {
		return flags
	}
	var some []Flag
	for _, f := range flags {
		if r.MayChange(f) {
			some = append(some, f)
		}
	}
	return some
}

// A RightsChange says how SETACL changes the rights of an identifier.
type RightsChange struct {
	Action StoreAction // replace, add or remove
	Rights Rights
}

// ParseRightsChange reads the third argument of SETACL (RFC 4314 §3.1).
func ParseRightsChange(s string) (RightsChange, error) {
	c := RightsChange{Action: StoreReplace}
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		c.Action, s = StoreAdd, rest
	} else if rest, ok := strings.CutPrefix(s, "-"); ok {
		c.Action, s = StoreRemove, rest
	}
	var err error
	c.Rights, err = ParseRights(s)
	return c, err
}

// Apply returns what the change makes of rights.
func (c RightsChange) Apply(rights Rights) Rights {
	switch c.Action {
	case StoreAdd:
		return rights | c.Rights
	case StoreRemove:
		return rights &^ c.Rights
	}
	return c.Rights
}

// An ACLEntry is an identifier with its rights (RFC 4314 §2). An identifier
// that begins with "-" takes rights away.
type ACLEntry struct {
	Identifier string
	Rights     Rights
}

// RightsList is what an identifier can be given (RFC 4314 §3.7).
type RightsList struct {
	// Required is what the identifier always has.
	Required Rights
	// Optional is what it can be given, each right by itself.
	Optional Rights
}
