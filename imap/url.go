package imap

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// A URL names a mailbox, a message or a part of one on an IMAP server
// (RFC 5092), perhaps with the authorization to read it (RFC 4467). Its zero
// fields are not there.
type URL struct {
	// User is whose mailboxes are meant, Mechanism the SASL mechanism, "*"
	// for any. Host is empty in a relative URL; Port is 143 if it is zero.
	User      string
	Mechanism string
	Host      string
	Port      uint16

	// Mailbox is empty in a relative URL that means the selected mailbox.
	Mailbox     string
	UIDValidity UIDValidity
	UID         UID
	// Section is the part of the message that is meant, Partial a window on
	// it: one without a Count goes to the end.
	Section BodySection
	Partial URLPartial
	// Search is the program of a URL that names a list of messages.
	Search string

	// Auth is nil in a URL without authorization.
	Auth *URLAuth
}

// A URLPartial is the window of a URL: "/;PARTIAL=offset.count" (RFC 5550
// §3.2, RFC 5092 §11).
type URLPartial struct {
	Given  bool
	Offset int64
	Count  int64 // zero: to the end
}

// URLAccess says who may use a URL (RFC 4467 §3).
type URLAccess string

// Access identifiers; the first two go with a user.
const (
	AccessSubmit    URLAccess = "submit+"   // a submission server that acts for the user
	AccessUser      URLAccess = "user+"     // the user
	AccessAuthUser  URLAccess = "authuser"  // whoever has logged in
	AccessAnonymous URLAccess = "anonymous" // everybody
)

// URLAuth is the authorization in a URL (RFC 4467 §3).
type URLAuth struct {
	Expire time.Time // zero is never
	Access URLAccess
	User   string // of AccessSubmit and AccessUser

	// Mechanism, in upper case, and Token are empty in a rump, the URL that
	// GENURLAUTH is asked to complete.
	Mechanism string
	Token     string
	// Rump is the text of the whole URL up to the access identifier: what the
	// token vouches for.
	Rump string
}

// MechanismInternal is the mechanism that every server has (RFC 4467 §4).
const MechanismInternal = "INTERNAL"

// HasServer reports whether u is an absolute URL.
func (u *URL) HasServer() bool { return u.Host != "" }

// String returns the URL in one spelling: parsed again it has the same fields,
// but for the Rump.
func (u URL) String() string { return string(u.AppendTo(nil)) }

// AppendTo appends the URL.
func (u *URL) AppendTo(b []byte) []byte {
	if u.HasServer() {
		b = u.appendServer(append(b, "imap://"...))
		b = append(b, '/')
	} else if u.Mailbox != "" {
		b = append(b, '/')
	}
	relative := len(b) == 0
	b = appendEscaped(b, u.Mailbox, "/:@&=")
	if u.UIDValidity != 0 {
		b = strconv.AppendUint(append(b, ";UIDVALIDITY="...), uint64(u.UIDValidity), 10)
	}
	if u.Search != "" {
		return appendEscaped(append(b, '?'), u.Search, "/:@&=")
	}
	if u.UID != 0 {
		if !relative {
			b = append(b, '/')
		}
		b = strconv.AppendUint(append(b, ";UID="...), uint64(u.UID), 10)
	}
	if spec := u.Section.Spec(); spec != "" {
		b = appendEscaped(append(b, "/;SECTION="...), spec, "/:@&=")
	}
	if u.Partial.Given {
		b = strconv.AppendInt(append(b, "/;PARTIAL="...), u.Partial.Offset, 10)
		if u.Partial.Count > 0 {
			b = strconv.AppendInt(append(b, '.'), u.Partial.Count, 10)
		}
	}
	if u.Auth != nil {
		b = u.Auth.appendTo(b)
	}
	return b
}

func (u *URL) appendServer(b []byte) []byte {
	b = appendEscaped(b, u.User, "&=~")
	if u.Mechanism != "" {
		b = appendEscaped(append(b, ";AUTH="...), u.Mechanism, "&=~")
	}
	if u.User != "" || u.Mechanism != "" {
		b = append(b, '@')
	}
	switch {
	case u.Port != 0:
		return append(b, net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port)))...)
	case strings.Contains(u.Host, ":"):
		return append(append(append(b, '['), u.Host...), ']')
	}
	return append(b, u.Host...)
}

func (a *URLAuth) appendTo(b []byte) []byte {
	if !a.Expire.IsZero() {
		b = a.Expire.AppendFormat(append(b, ";EXPIRE="...), time.RFC3339Nano)
	}
	b = append(append(b, ";URLAUTH="...), strings.ToLower(string(a.Access))...)
	b = appendEscaped(b, a.User, "&=~")
	if a.Mechanism != "" {
		b = append(append(b, ':'), strings.ToLower(a.Mechanism)...)
		b = append(append(b, ':'), a.Token...)
	}
	return b
}

// appendEscaped appends s with everything escaped but what may always stand in
// a URL and the characters of also (RFC 5092 §11).
func appendEscaped(b []byte, s, also string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9',
			strings.IndexByte("-._~!$'()*+,", c) >= 0, strings.IndexByte(also, c) >= 0:
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
