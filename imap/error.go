package imap

import "strings"

// A StatusType is the word of a status response (RFC 9051 §7.1).
type StatusType string

// Status responses.
const (
	StatusOK      StatusType = "OK"
	StatusNo      StatusType = "NO"
	StatusBad     StatusType = "BAD"
	StatusBye     StatusType = "BYE"
	StatusPreauth StatusType = "PREAUTH"
)

// An Error is how a command fails. Type, Code and Text are told to the peer;
// Err is the cause, for the log alone. Any other error that a session returns
// is unforeseen: the peer hears NO [SERVERBUG] and no more of it.
type Error struct {
	Type StatusType // NO, BAD or BYE; BYE ends the connection
	Code Code       // may be empty
	Text string     // in ASCII, one line
	Err  error
}

// Error returns the response, and the cause if there is one.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("imap: ")
	b.WriteString(string(e.Type))
	if e.Code != "" {
		b.WriteString(" [" + string(e.Code) + "]")
	}
	if e.Text != "" {
		b.WriteString(" " + e.Text)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// No returns an Error of type NO.
func No(code Code, text string) *Error { return &Error{Type: StatusNo, Code: code, Text: text} }

// Bad returns an Error of type BAD.
func Bad(text string) *Error { return &Error{Type: StatusBad, Text: text} }
