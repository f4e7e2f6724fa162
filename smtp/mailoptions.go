package smtp

import (
	"strconv"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
)

// A BodyType is the value of BODY, what the client says about the octets of
// the message. The zero value says nothing, which means 7BIT (RFC 6152 §2).
type BodyType string

const (
	Body7Bit       BodyType = "7BIT"
	Body8BitMIME   BodyType = "8BITMIME"
	BodyBinaryMIME BodyType = "BINARYMIME"
)

// MailOptions are the parameters of MAIL.
type MailOptions struct {
	Size     int64    // SIZE=: octets the client intends to send, 0 if unsaid (RFC 1870)
	Body     BodyType // BODY= (RFC 6152)
	SMTPUTF8 bool     // SMTPUTF8 (RFC 6531)

	// Auth is AUTH=, decoded: the address of who submitted the message, or
	// "<>" if the client cannot tell; empty if unsaid (RFC 4954 §5). Only a
	// trusted peer's word counts.
	Auth string

	Return     Return // RET= (RFC 3461 §4.3)
	EnvelopeID string // ENVID=, decoded (RFC 3461 §4.4)

	// RequireTLS is REQUIRETLS: the message travels over verified TLS or not
	// at all (RFC 8689).
	RequireTLS bool `json:",omitempty"`

	// HoldFor is HOLDFOR=, whole seconds, and HoldUntil is HOLDUNTIL=: when
	// the message may be delivered at the earliest. At most one of them is
	// set (RFC 4865).
	HoldFor   time.Duration `json:",omitempty"`
	HoldUntil time.Time     `json:",omitzero"`

	By By `json:",omitzero"` // BY= (RFC 2852)

	// Priority is MT-PRIORITY=, from -9 to 9. The default, 0, is that of
	// messages without the parameter too (RFC 6710 §4).
	Priority int8 `json:",omitempty"`

	// Solicit is SOLICIT=: keywords of classes of solicitation, parted by
	// commas (RFC 3865 §4).
	Solicit Solicitation `json:",omitempty"`
}

// A Return says how much of the message a failure report returns.
type Return string

const (
	ReturnFull    Return = "FULL"
	ReturnHeaders Return = "HDRS"
)

const maxEnvelopeID = 100 // RFC 3461 §4.4: characters before decoding

// ParseMailOptions reads the parameters after the path of MAIL. One whose
// extension is not offered is not recognized. The error is an *Error.
func ParseMailOptions(s string, offered Extensions) (MailOptions, error) {
	var o MailOptions
	err := eachParam(s, func(p param) error { return o.set(p, offered) })
	if err != nil {
		return MailOptions{}, err
	}
	return o, nil
}

func (o *MailOptions) set(p param, offered Extensions) error {
	if !offered.Has(mailParamExtension(p.keyword)) {
		return errUnknownParam
	}
	ok := true
	switch p.keyword {
	case "SIZE":
		o.Size, ok = parseSize(p.value)
	case "BODY":
		return o.setBody(p.value, offered)
	case "SMTPUTF8":
		o.SMTPUTF8, ok = true, p.value == "" && !p.hasValue
	case "AUTH":
		o.Auth, ok = parseAuthParam(p.value)
	case "RET":
		o.Return = Return(strings.ToUpper(p.value))
		ok = o.Return == ReturnFull || o.Return == ReturnHeaders
	case "ENVID":
		o.EnvelopeID, ok = DecodeXtext(p.value)
		ok = ok && o.EnvelopeID != "" && len(p.value) <= maxEnvelopeID
	default:
		ok = o.setService(p)
	}
	if !ok {
		return errParamValue
	}
	return nil
}

func (o *MailOptions) setBody(value string, offered Extensions) error {
	o.Body = BodyType(strings.ToUpper(value))
	switch {
	case o.Body == Body7Bit, o.Body == Body8BitMIME:
		return nil
	case o.Body != BodyBinaryMIME:
		return errParamValue
	case !offered.Has(BinaryMIME):
		return errUnknownParam
	}
	return nil
}

// setService takes the parameters that ask for a way of handling.
func (o *MailOptions) setService(p param) (ok bool) {
	switch p.keyword {
	case "REQUIRETLS":
		o.RequireTLS, ok = true, !p.hasValue
	case "HOLDFOR":
		o.HoldFor, ok = parseHoldFor(p.value)
		ok = ok && o.HoldUntil.IsZero()
	case "HOLDUNTIL":
		o.HoldUntil, ok = parseDateTime(p.value)
		ok = ok && o.HoldFor == 0
	case "BY":
		o.By, ok = parseBy(p.value)
	case "MT-PRIORITY":
		o.Priority, ok = parsePriority(p.value)
	case "SOLICIT":
		o.Solicit, ok = ParseSolicitation(p.value)
	}
	return ok
}

// mailParamExtension returns the extension that a parameter of MAIL comes
// from, or "", which no one offers.
func mailParamExtension(keyword string) Extension {
	switch keyword {
	case "SIZE":
		return Size
	case "BODY":
		return EightBitMIME
	case "SMTPUTF8":
		return SMTPUTF8
	case "AUTH":
		return Auth
	case "RET", "ENVID":
		return DSN
	case "REQUIRETLS":
		return RequireTLS
	case "HOLDFOR", "HOLDUNTIL":
		return FutureRelease
	case "BY":
		return DeliverBy
	case "MT-PRIORITY":
		return MTPriority
	case "SOLICIT":
		return NoSoliciting
	}
	return ""
}

// parseSize reads up to 20 digits (RFC 1870 §3); a number past an int64 is
// greater than any limit and stays so.
func parseSize(s string) (int64, bool) {
	if s == "" || len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}

// parseAuthParam reads the mailbox or "<>" of AUTH= (RFC 4954 §5).
func parseAuthParam(s string) (string, bool) {
	text, ok := DecodeXtext(s)
	if !ok || text == "<>" {
		return text, ok
	}
	_, err := address.Parse(text)
	return text, err == nil
}

// String returns the parameters with a space before each, ready to follow the
// path in MAIL.
func (o MailOptions) String() string {
	var b strings.Builder
	if o.Size > 0 {
		b.WriteString(" SIZE=" + strconv.FormatInt(o.Size, 10))
	}
	if o.Body != "" {
		b.WriteString(" BODY=" + string(o.Body))
	}
	if o.SMTPUTF8 {
		b.WriteString(" SMTPUTF8")
	}
	if o.Auth != "" {
		b.WriteString(" AUTH=" + EncodeXtext(o.Auth))
	}
	if o.Return != "" {
		b.WriteString(" RET=" + string(o.Return))
	}
	if o.EnvelopeID != "" {
		b.WriteString(" ENVID=" + EncodeXtext(o.EnvelopeID))
	}
	o.writeService(&b)
	return b.String()
}

func (o MailOptions) writeService(b *strings.Builder) {
	if o.RequireTLS {
		b.WriteString(" REQUIRETLS")
	}
	if o.HoldFor > 0 {
		b.WriteString(" HOLDFOR=" + strconv.FormatInt(int64(o.HoldFor/time.Second), 10))
	}
	if !o.HoldUntil.IsZero() {
		b.WriteString(" HOLDUNTIL=" + formatDateTime(o.HoldUntil))
	}
	if !o.By.IsZero() {
		b.WriteString(" BY=" + o.By.String())
	}
	if o.Priority != 0 {
		b.WriteString(" MT-PRIORITY=" + strconv.Itoa(int(o.Priority)))
	}
	if o.Solicit != "" {
		b.WriteString(" SOLICIT=" + string(o.Solicit))
	}
}
