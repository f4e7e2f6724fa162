package smtp

import "strings"

// RcptOptions are the parameters of RCPT.
type RcptOptions struct {
	Notify            Notify // NOTIFY= (RFC 3461 §4.1); 0 if unsaid
	OriginalRecipient string // ORCPT=, decoded, as "rfc822;a@b" (RFC 3461 §4.2)

	ValidSince ValidSince `json:",omitzero"` // RRVS= (RFC 7293 §3)
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
	if !offered.Has(rcptParamExtension(p.keyword)) {
		return errUnknownParam
	}
	ok := true
	switch p.keyword {
	case "NOTIFY":
		o.Notify, ok = parseNotify(p.value)
	case "ORCPT":
		o.OriginalRecipient, ok = parseOriginalRecipient(p.value)
	case "RRVS":
		o.ValidSince, ok = parseValidSince(p.value)
	}
	if !ok {
		return errParamValue
	}
	return nil
}

// rcptParamExtension returns the extension that a parameter of RCPT comes
// from, or "", which no one offers.
func rcptParamExtension(keyword string) Extension {
	switch keyword {
	case "NOTIFY", "ORCPT":
		return DSN
	case "RRVS":
		return RRVS
	}
	return ""
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
	if !o.ValidSince.IsZero() {
		b.WriteString(" RRVS=" + o.ValidSince.String())
	}
	return b.String()
}
