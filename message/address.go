package message

// Address is one element of an address list, in the terms of RFC 9051 §7.5.2.
// A group (RFC 5322 §3.4) is a marker with its name, its members, and an end
// marker.
type Address struct {
	// Name is the display name: quotes and comments undone, encoded words not.
	Name string
	// Route is an obsolete source route, "@a,@b" (RFC 5322 §4.4), or empty.
	Route string
	// Mailbox is the local part with its quoting undone, or the name of the
	// group that starts here.
	Mailbox string
	// Host is the domain as given. It is empty only in group markers: an
	// address without a domain has [MissingDomain].
	Host string
}

// Stand-ins for halves of an address that the header does not have. IMAP takes
// an address with an empty half for a group marker.
const (
	MissingDomain  = "MISSING_DOMAIN"
	MissingMailbox = "MISSING_MAILBOX"
)

// IsGroupStart tells whether a is the marker that opens a group.
func (a Address) IsGroupStart() bool { return a.Host == "" && a.Mailbox != "" }

// IsGroupEnd tells whether a is the marker that closes a group.
func (a Address) IsGroupEnd() bool { return a.Host == "" && a.Mailbox == "" }

// IsMailbox tells whether a is an address and not a group marker.
func (a Address) IsMailbox() bool { return a.Host != "" }

// Addr returns local-part@domain, quoted where RFC 5322 §3.4.1 demands; empty
// for group markers.
func (a Address) Addr() string {
	if !a.IsMailbox() {
		return ""
	}
	return quoteLocalPart(a.Mailbox) + "@" + a.Host
}
