package dsn

import "time"

// A Status is the content of a message/delivery-status part (RFC 3464 §2).
// Zero values are fields that are absent.
type Status struct {
	// EnvelopeID is the ENVID of the original transaction, decoded (RFC
	// 3464 §2.2.1).
	EnvelopeID string
	// ReportingMTA is the system that tried to deliver. Compose wants it.
	ReportingMTA MTA
	// Gateway is the system that translated a foreign notification.
	Gateway MTA
	// ReceivedFrom is the system that the message came from.
	ReceivedFrom MTA
	// Arrival is when the message arrived at the reporting system.
	Arrival time.Time
	// Extensions are further fields, in their order (RFC 3464 §2.4).
	Extensions []Field
	// Recipients has at least one element.
	Recipients []Recipient
}

// A Recipient is what happened to the message for one recipient (RFC 3464
// §2.3).
type Recipient struct {
	// Original is the recipient as the sender named it, by ORCPT.
	Original Address
	// Final is the recipient as the reporting system had it.
	Final Address
	// Action is what the reporting system did.
	Action Action
	// Code is the enhanced status code.
	Code Code
	// Remote is the system that answered, if there was one.
	Remote MTA
	// Diagnostic is what that system answered.
	Diagnostic Diagnostic
	// LastAttempt is when delivery was tried last.
	LastAttempt time.Time
	// FinalLogID finds the delivery in the log of the final system.
	FinalLogID string
	// RetryUntil is when the system will give up; for [Delayed] only.
	RetryUntil time.Time
	// Extensions are further fields, in their order.
	Extensions []Field
}

// An MTA names a mail system. Type is "dns" for systems of the Internet.
type MTA struct{ Type, Name string }

// DNS returns the MTA with this host name.
func DNS(host string) MTA {
	if host == "" {
		return MTA{}
	}
	return MTA{Type: "dns", Name: host}
}

// An Address of a recipient. Type is "rfc822", or "utf-8" (RFC 6533 §3).
type Address struct{ Type, Address string }

// Mailbox returns an Address of the type that its characters need.
func Mailbox(address string) Address {
	switch {
	case address == "":
		return Address{}
	case isASCII(address):
		return Address{Type: "rfc822", Address: address}
	}
	return Address{Type: "utf-8", Address: address}
}

// A Diagnostic is the answer of a mail system in its own words. Type is "smtp"
// if these are an SMTP reply.
type Diagnostic struct{ Type, Text string }

// SMTP returns the diagnostic for an SMTP reply, whose lines may be separated
// by line breaks.
func SMTP(reply string) Diagnostic {
	if reply == "" {
		return Diagnostic{}
	}
	return Diagnostic{Type: "smtp", Text: reply}
}

// A Field is a field that this package does not know.
type Field struct{ Name, Value string }

// An Action is what a mail system did with the message (RFC 3464 §2.3.3).
type Action string

// The actions.
const (
	Failed    Action = "failed"    // given up
	Delayed   Action = "delayed"   // not yet; it will be tried again
	Delivered Action = "delivered" // in the mailbox
	Relayed   Action = "relayed"   // given to a system that does not report
	Expanded  Action = "expanded"  // given to several other addresses
)

// Valid reports whether the action is one of those of RFC 3464.
func (a Action) Valid() bool {
	switch a {
	case Failed, Delayed, Delivered, Relayed, Expanded:
		return true
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
