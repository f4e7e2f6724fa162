package delivery

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/message"
)

// localPrefix returns the fields in front of a message in a local mailbox.
func localPrefix(m *Message, to address.Address) []byte {
	b := make([]byte, 0, len(m.Trace)+128)
	b = append(b, "Return-Path: "...)
	b = append(b, m.From.String()...)
	b = append(b, "\r\nDelivered-To: "...)
	b = append(b, to.String()...)
	b = append(b, "\r\n"...)
	return append(b, m.Trace...)
}

// Received describes a hop of a message, for its Received field (RFC 5321
// §4.4).
type Received struct {
	Helo   string   // what the client called itself
	Remote net.Addr // where it came from
	By     string   // our name
	With   string   // the protocol, as in "ESMTPS"
	ID     string   // under which the log tells of the message
	For    string   // the recipient, empty if there are several
	TLS    *tls.ConnectionState
	Time   time.Time
}

// Append appends the field with its line end.
func (r *Received) Append(b []byte) []byte {
	b = append(b, "Received: from "...)
	if r.Helo == "" {
		b = append(b, "unknown"...)
	} else {
		b = append(b, cleanHelo(r.Helo)...)
	}
	if literal := literalOf(r.Remote); literal != "" {
		b = append(b, " ("...)
		b = append(b, literal...)
		b = append(b, ')')
	}
	b = append(b, "\r\n\tby "...)
	b = append(b, r.By...)
	b = append(b, " (Mailstead) with "...)
	b = append(b, r.With...)
	b = append(b, " id "...)
	b = append(b, r.ID...)
	if r.TLS != nil {
		b = append(b, "\r\n\t("...)
		b = append(b, tls.VersionName(r.TLS.Version)...)
		b = append(b, ' ')
		b = append(b, tls.CipherSuiteName(r.TLS.CipherSuite)...)
		b = append(b, ')')
	}
	if r.For != "" {
		b = append(b, "\r\n\tfor <"...)
		b = append(b, r.For...)
		b = append(b, '>')
	}
	b = append(b, ";\r\n\t"...)
	b = append(b, message.FormatDate(r.Time)...)
	return append(b, "\r\n"...)
}

// cleanHelo keeps what a client says of itself from being taken for anything
// else than a name.
func cleanHelo(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r >= 0x7f, strings.ContainsRune(`()<>;\"`, r):
			return '?'
		}
		return r
	}, name[:min(len(name), 255)])
}

// literalOf returns the address literal of a peer (RFC 5321 §4.1.3), empty for
// a unix socket.
func literalOf(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return ""
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return ""
	}
	return address.LiteralOf(ip.Unmap()).String()
}
