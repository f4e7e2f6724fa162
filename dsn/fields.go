package dsn

import (
	"bufio"
	"strings"
	"time"
	"unicode"
)

// Limits of a line: RFC 5322 §2.1.1 recommends the first, and demands the
// second.
const (
	softLine = 78
	hardLine = 990
)

// dateLayout is the form of RFC 5322 §3.3 with a numeric zone, as RFC 3464
// §2.2.5 demands.
const dateLayout = "Mon, 2 Jan 2006 15:04:05 -0700"

// fieldWriter writes header fields. Errors stay in the bufio.Writer.
type fieldWriter struct{ *bufio.Writer }

// words cuts a text into words that are safe to show and to fold: line breaks
// must not start another field, and control characters not command a terminal.
// A word longer than any line may be is cut.
func words(text string) []string {
	list := strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return r == ' ' || unicode.IsControl(r)
	})
	for i, word := range list {
		if len(word) > hardLine-softLine {
			list[i] = strings.ToValidUTF8(word[:hardLine-softLine], "")
		}
	}
	return list
}

// field writes a field, folded. Empty values are not written.
func (w fieldWriter) field(name, value string) {
	words := words(value)
	if len(words) == 0 {
		return
	}
	w.WriteString(name)
	w.WriteByte(':')
	column := len(name) + 1
	for i, word := range words {
		if i > 0 && column+1+len(word) > softLine {
			w.WriteString("\r\n")
			column = 0
		}
		w.WriteByte(' ')
		w.WriteString(word)
		column += 1 + len(word)
	}
	w.WriteString("\r\n")
}

// typed writes a field of the form "type; value".
func (w fieldWriter) typed(name, kind, value string) {
	if value != "" {
		w.field(name, kind+"; "+value)
	}
}

func (w fieldWriter) date(name string, t time.Time) {
	if !t.IsZero() {
		w.field(name, t.Format(dateLayout))
	}
}

func (w fieldWriter) extensions(fields []Field) {
	for _, f := range fields {
		if validFieldName(f.Name) {
			w.field(f.Name, f.Value)
		}
	}
}

// status writes the groups of fields, each after an empty line but the first.
func (w fieldWriter) status(s *Status) {
	w.field("Original-Envelope-Id", s.EnvelopeID)
	w.typed("Reporting-MTA", s.ReportingMTA.Type, s.ReportingMTA.Name)
	w.typed("DSN-Gateway", s.Gateway.Type, s.Gateway.Name)
	w.typed("Received-From-MTA", s.ReceivedFrom.Type, s.ReceivedFrom.Name)
	w.date("Arrival-Date", s.Arrival)
	w.extensions(s.Extensions)
	for i := range s.Recipients {
		w.WriteString("\r\n")
		w.recipient(&s.Recipients[i])
	}
}

func (w fieldWriter) recipient(r *Recipient) {
	w.typed("Original-Recipient", r.Original.Type, r.Original.Address)
	w.typed("Final-Recipient", r.Final.Type, r.Final.Address)
	w.field("Action", string(r.Action))
	w.field("Status", r.Code.String())
	w.typed("Remote-MTA", r.Remote.Type, r.Remote.Name)
	w.typed("Diagnostic-Code", r.Diagnostic.Type, r.Diagnostic.Text)
	w.date("Last-Attempt-Date", r.LastAttempt)
	w.field("Final-Log-ID", r.FinalLogID)
	w.date("Will-Retry-Until", r.RetryUntil)
	w.extensions(r.Extensions)
}

// validFieldName reports whether a name is an ftext of RFC 5322 §3.6.8.
func validFieldName(name string) bool {
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':' {
			return false
		}
	}
	return name != ""
}
