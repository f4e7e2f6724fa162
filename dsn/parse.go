package dsn

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"time"
)

// Limits of what Parse reads.
const (
	MaxParse      = 4 << 20 // bytes of a notification
	MaxRecipients = 10000   // in one notification
	maxStatus     = 1 << 20 // bytes of its status part
	maxParts      = 20      // before the status part
	maxField      = 16 << 10
)

var (
	// ErrNotReport says that a message is not a delivery status
	// notification.
	ErrNotReport = errors.New("dsn: not a delivery status notification")
	// ErrMalformed says that the status can not be understood.
	ErrMalformed = errors.New("dsn: malformed delivery status")
)

// Parse reads a notification, in the traditional or in the internationalized
// media types. It returns ErrNotReport if the message is none, and
// ErrMalformed if it is none that names a recipient.
func Parse(r io.Reader) (*Status, error) {
	m, err := mail.ReadMessage(io.LimitReader(r, MaxParse))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotReport, err)
	}
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/report" || params["boundary"] == "" {
		return nil, ErrNotReport
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range maxParts {
		part, err := parts.NextPart()
		if err != nil {
			break
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err == nil && (kind == "message/delivery-status" || kind == "message/global-delivery-status") {
			return ParseStatus(decode(part))
		}
	}
	return nil, ErrNotReport
}

// decode undoes base64. The multipart reader itself undoes quoted-printable.
func decode(part *multipart.Part) io.Reader {
	if strings.EqualFold(strings.TrimSpace(part.Header.Get("Content-Transfer-Encoding")), "base64") {
		return base64.NewDecoder(base64.StdEncoding, part)
	}
	return part
}

// ParseStatus reads the content of a message/delivery-status part. Recipients
// without an address or a valid action are left out; ErrMalformed says that
// none is left.
func ParseStatus(r io.Reader) (*Status, error) {
	groups := groupReader{scanner: bufio.NewScanner(io.LimitReader(r, maxStatus))}
	groups.scanner.Buffer(nil, 64<<10)
	s := new(Status)
	for _, f := range groups.next() {
		s.take(f)
	}
	for len(s.Recipients) < MaxRecipients {
		fields := groups.next()
		if len(fields) == 0 {
			break
		}
		var rcpt Recipient
		for _, f := range fields {
			rcpt.take(f)
		}
		if rcpt.Final.Address != "" && rcpt.Action.Valid() {
			s.Recipients = append(s.Recipients, rcpt)
		}
	}
	if err := groups.scanner.Err(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if len(s.Recipients) == 0 {
		return nil, fmt.Errorf("%w: no recipients", ErrMalformed)
	}
	return s, nil
}

// take puts a per-message field in its place.
func (s *Status) take(f Field) {
	switch strings.ToLower(f.Name) {
	case "original-envelope-id":
		s.EnvelopeID = f.Value
	case "reporting-mta":
		s.ReportingMTA = parseMTA(f.Value)
	case "dsn-gateway":
		s.Gateway = parseMTA(f.Value)
	case "received-from-mta":
		s.ReceivedFrom = parseMTA(f.Value)
	case "arrival-date":
		s.Arrival = parseDate(f.Value)
	default:
		s.Extensions = append(s.Extensions, f)
	}
}

// take puts a per-recipient field in its place.
func (r *Recipient) take(f Field) {
	switch strings.ToLower(f.Name) {
	case "original-recipient":
		r.Original = ParseAddress(f.Value)
	case "final-recipient":
		r.Final = ParseAddress(f.Value)
	case "action":
		r.Action = Action(strings.ToLower(withoutComment(f.Value)))
	case "status":
		r.Code, _, _ = ParseCode(withoutComment(f.Value))
	case "remote-mta":
		r.Remote = parseMTA(f.Value)
	case "diagnostic-code":
		kind, text := cutType(f.Value)
		r.Diagnostic = Diagnostic{kind, text}
	case "last-attempt-date":
		r.LastAttempt = parseDate(f.Value)
	case "final-log-id":
		r.FinalLogID = f.Value
	case "will-retry-until":
		r.RetryUntil = parseDate(f.Value)
	default:
		r.Extensions = append(r.Extensions, f)
	}
}

// cutType cuts "type; value". The type is in lower case.
func cutType(v string) (kind, value string) {
	kind, value, ok := strings.Cut(v, ";")
	if !ok {
		// QUIRK: old Exchange servers leave the type out.
		return "", strings.TrimSpace(v)
	}
	return strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(value)
}

func parseMTA(v string) MTA {
	kind, name := cutType(v)
	return MTA{kind, name}
}

// withoutComment cuts a comment in parentheses off the end.
func withoutComment(v string) string {
	v, _, _ = strings.Cut(v, "(")
	return strings.TrimSpace(v)
}

// parseDate returns the zero time for what is no date.
func parseDate(v string) time.Time {
	t, err := mail.ParseDate(v)
	if err != nil {
		return time.Time{}
	}
	return t
}

// A groupReader reads groups of fields with empty lines between them.
type groupReader struct{ scanner *bufio.Scanner }

// next returns the fields of the next group, unfolded. A group without fields
// is skipped; none is returned at the end.
func (g groupReader) next() []Field {
	var fields []Field
	for g.scanner.Scan() {
		line := strings.TrimRight(strings.ToValidUTF8(g.scanner.Text(), "?"), "\r \t")
		switch {
		case line == "" && len(fields) > 0:
			return fields
		case line == "":
		case line[0] == ' ' || line[0] == '\t':
			if len(fields) > 0 {
				fields[len(fields)-1].unfold(line)
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if name = strings.TrimRight(name, " \t"); ok && validFieldName(name) {
				fields = append(fields, Field{name, strings.TrimSpace(value)})
			}
		}
	}
	return fields
}

// unfold adds a continuation line, unless the field is absurdly long.
func (f *Field) unfold(line string) {
	if len(f.Value) < maxField {
		f.Value = strings.TrimSpace(f.Value + " " + strings.TrimSpace(line))
	}
}
