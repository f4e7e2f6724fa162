package smtp

import (
	"net/netip"
	"strconv"
	"strings"
)

// ClientAttributes are what a trusted proxy says, by XCLIENT or XFORWARD, of
// the client that it speaks for. Both are extensions of Postfix, described in
// its documents XCLIENT_README and XFORWARD_README. An attribute that the
// proxy did not give, or does not know, is zero.
type ClientAttributes struct {
	Name     string         // NAME: the client's host name
	Addr     netip.AddrPort // ADDR and PORT
	Protocol string         // PROTO: "SMTP" or "ESMTP"
	Helo     string         // HELO
	Login    string         // LOGIN, of XCLIENT: the user who has authenticated
	Dest     netip.AddrPort // DESTADDR and DESTPORT, of XCLIENT: where the client has connected to
	Ident    string         // IDENT, of XFORWARD: the proxy's name for the message
	Source   string         // SOURCE, of XFORWARD: "LOCAL" or "REMOTE"
}

// Names of attributes, as the servers announce them.
const (
	XClientAttributes  = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
	XForwardAttributes = "NAME ADDR PORT PROTO HELO IDENT SOURCE"
)

var errAttribute = NewError(501, EnhancedCode{5, 5, 4}, "Bad attribute name or value")

const maxAttribute = 255 // octets of a decoded value

// Set takes the attributes of one command, parted by spaces, whose names must
// be among those allowed. They take the place of what was set before. The error is
// an *Error, and nothing is changed then.
func (a *ClientAttributes) Set(args, allowed string) error {
	next := *a
	words := strings.Fields(args)
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		name = strings.ToUpper(name)
		if value == "" || !containsWord(allowed, name) || !next.set(name, value) {
			return errAttribute
		}
	}
	if len(words) == 0 {
		return errAttribute
	}
	*a = next
	return nil
}

func containsWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func (a *ClientAttributes) set(name, value string) bool {
	text, ok := decodeAttribute(value)
	if !ok {
		return false
	}
	switch name {
	case "NAME":
		a.Name = text
	case "HELO":
		a.Helo = text
	case "LOGIN":
		a.Login = text
	case "IDENT":
		a.Ident = text
	case "PROTO":
		a.Protocol = strings.ToUpper(text)
		return text == "" || a.Protocol == "SMTP" || a.Protocol == "ESMTP"
	case "SOURCE":
		a.Source = strings.ToUpper(text)
		return text == "" || a.Source == "LOCAL" || a.Source == "REMOTE"
	case "ADDR":
		return setAddr(&a.Addr, text)
	case "DESTADDR":
		return setAddr(&a.Dest, text)
	case "PORT":
		return setPort(&a.Addr, text)
	case "DESTPORT":
		return setPort(&a.Dest, text)
	}
	return true
}

// decodeAttribute undoes the xtext of a value. A value that the proxy does not
// know, now or for good, is empty.
func decodeAttribute(value string) (string, bool) {
	if strings.EqualFold(value, "[UNAVAILABLE]") || strings.EqualFold(value, "[TEMPUNAVAIL]") {
		return "", true
	}
	text, ok := DecodeXtext(value)
	if !ok || len(text) > maxAttribute {
		return "", false
	}
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7f {
			return "", false
		}
	}
	return text, true
}

// setAddr reads an IPv4 address, or an IPv6 address after "IPV6:".
func setAddr(p *netip.AddrPort, text string) bool {
	if text == "" {
		*p = netip.AddrPortFrom(netip.Addr{}, p.Port())
		return true
	}
	if len(text) > 5 && strings.EqualFold(text[:5], "IPV6:") {
		text = text[5:]
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return false
	}
	*p = netip.AddrPortFrom(ip.Unmap(), p.Port())
	return true
}

func setPort(p *netip.AddrPort, text string) bool {
	if text == "" {
		text = "0"
	}
	n, err := strconv.ParseUint(text, 10, 16)
	*p = netip.AddrPortFrom(p.Addr(), uint16(n))
	return err == nil
}
