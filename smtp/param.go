package smtp

import (
	"strconv"
	"strings"

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
}

// A Return says how much of the message a failure report returns.
type Return string

const (
	ReturnFull    Return = "FULL"
	ReturnHeaders Return = "HDRS"
)

// RcptOptions are the parameters of RCPT.
type RcptOptions struct {
	Notify            Notify // NOTIFY= (RFC 3461 §4.1); 0 if unsaid
	OriginalRecipient string // ORCPT=, decoded, as "rfc822;a@b" (RFC 3461 §4.2)
}

// A Notify is the set of events that the sender wants to be told.
type Notify uint8

const (
	NotifyNever Notify = 1 << iota // stands alone
	NotifySuccess
	NotifyFailure
	NotifyDelay
)

var notifyWords = [...]struct {
	word string
	bit  Notify
}{
	{"NEVER", NotifyNever}, {"SUCCESS", NotifySuccess}, {"FAILURE", NotifyFailure}, {"DELAY", NotifyDelay},
}

// String returns the value of NOTIFY, such as "SUCCESS,DELAY".
func (n Notify) String() string {
	var words []string
	for _, w := range notifyWords {
		if n&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ",")
}

const maxEnvelopeID = 100 // RFC 3461 §4.4: characters before decoding

var (
	errUnknownParam   = NewError(555, EnhancedCode{5, 5, 4}, "Parameter not recognized")
	errParamValue     = NewError(501, EnhancedCode{5, 5, 4}, "Syntax error in parameter")
	errParamDuplicate = NewError(501, EnhancedCode{5, 5, 4}, "Parameter given twice")
)

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
		o.Body = BodyType(strings.ToUpper(p.value))
		if o.Body == BodyBinaryMIME && !offered.Has(BinaryMIME) {
			return errUnknownParam
		}
		ok = o.Body == Body7Bit || o.Body == Body8BitMIME || o.Body == BodyBinaryMIME
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
	}
	if !ok {
		return errParamValue
	}
	return nil
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
	return b.String()
}

// ParseRcptOptions reads the parameters after the path of RCPT. The error is
// an *Error.
func ParseRcptOptions(s string, offered Extensions) (RcptOptions, error) {
	var o RcptOptions
	err := eachParam(s, func(p param) error { return o.set(p, offered) })
	if err != nil {
		return RcptOptions{}, err
	}
	return o, nil
}

func (o *RcptOptions) set(p param, offered Extensions) error {
	if !offered.Has(DSN) {
		return errUnknownParam
	}
	ok := true
	switch p.keyword {
	case "NOTIFY":
		o.Notify, ok = parseNotify(p.value)
	case "ORCPT":
		o.OriginalRecipient, ok = parseOriginalRecipient(p.value)
	default:
		return errUnknownParam
	}
	if !ok {
		return errParamValue
	}
	return nil
}

func parseNotify(s string) (Notify, bool) {
	var n Notify
	for word := range strings.SplitSeq(s, ",") {
		bit := notifyBit(word)
		if bit == 0 || n&bit != 0 {
			return 0, false
		}
		n |= bit
	}
	if n&NotifyNever != 0 && n != NotifyNever {
		return 0, false
	}
	return n, true
}

func notifyBit(word string) Notify {
	for _, w := range notifyWords {
		if strings.EqualFold(word, w.word) {
			return w.bit
		}
	}
	return 0
}

func parseOriginalRecipient(s string) (string, bool) {
	kind, text, ok := strings.Cut(s, ";")
	if !ok || kind == "" || text == "" {
		return "", false
	}
	text, ok = DecodeXtext(text)
	return kind + ";" + text, ok
}

// String returns the parameters with a space before each, ready to follow the
// path in RCPT.
func (o RcptOptions) String() string {
	var b strings.Builder
	if o.Notify != 0 {
		b.WriteString(" NOTIFY=" + o.Notify.String())
	}
	if kind, text, ok := strings.Cut(o.OriginalRecipient, ";"); ok {
		b.WriteString(" ORCPT=" + kind + ";" + EncodeXtext(text))
	}
	return b.String()
}

// A param is one esmtp-param (RFC 5321 §4.1.2), the keyword in upper case.
type param struct {
	keyword, value string
	hasValue       bool
}

// eachParam calls f for each parameter in s, which is empty or begins with a
// space.
func eachParam(s string, f func(param) error) error {
	var seen []string
	for s = strings.TrimRight(s, " "); s != ""; {
		if s[0] != ' ' {
			return errParamValue
		}
		var text string
		s = strings.TrimLeft(s, " ")
		if i := strings.IndexByte(s, ' '); i >= 0 {
			text, s = s[:i], s[i:]
		} else {
			text, s = s, ""
		}
		p := param{}
		p.keyword, p.value, p.hasValue = strings.Cut(text, "=")
		p.keyword = strings.ToUpper(p.keyword)
		if p.keyword == "" || p.hasValue && p.value == "" {
			return errParamValue
		}
		for _, keyword := range seen {
			if keyword == p.keyword {
				return errParamDuplicate
			}
		}
		seen = append(seen, p.keyword)
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}
