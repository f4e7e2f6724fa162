package dsn

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// ErrIncomplete says that a report lacks what every notification must have.
var ErrIncomplete = errors.New("dsn: report is incomplete")

// A Report is a notification to be written by [Compose].
type Report struct {
	// From is the address of the mail system, like "postmaster@example.org".
	// A display name is put before it.
	From string
	// To is the sender of the original message: its reverse path.
	To string
	// MessageID of the notification, without angle brackets. It must not
	// be predictable: the boundary between the parts is derived from it.
	MessageID string
	// Date of the notification.
	Date time.Time
	// InReplyTo is the Message-ID of the original, without angle brackets,
	// if known.
	InReplyTo string
	// Subject of the original, decoded, if known.
	Subject string
	// Status is what happened.
	Status Status
	// Original is the message that the notification is about, if it is to
	// be returned. OriginalSize is its length in bytes.
	Original     io.ReaderAt
	OriginalSize int64
	// ReturnFull returns the whole original, if a recipient failed and it
	// is not longer than MaxReturn; otherwise its header is returned.
	ReturnFull bool
	// MaxReturn bounds, in bytes, a whole original that is returned;
	// default 128 KB. A header is cut at 64 KB.
	MaxReturn int64
}

// Needs says what the way of a composed notification must be able to carry.
type Needs struct {
	EightBit bool // BODY=8BITMIME (RFC 6152)
	UTF8     bool // SMTPUTF8 (RFC 6531)
}

// Compose writes a notification with CRLF line ends. It returns ErrIncomplete
// if something required is missing, and otherwise the errors of w and of
// reading the original.
func Compose(w io.Writer, r Report) (Needs, error) {
	if err := r.check(); err != nil {
		return Needs{}, err
	}
	r.clean()
	original, err := survey(&r)
	if err != nil {
		return Needs{}, err
	}
	text := r.text()
	c := composer{
		fieldWriter: fieldWriter{bufio.NewWriter(w)},
		report:      &r,
		boundary:    boundary(r.MessageID),
		global:      !r.Status.isASCII() || original.utf8,
		needs: Needs{
			EightBit: !isASCII(text) || original.eightBit || !r.Status.isASCII(),
			UTF8:     original.utf8 || !r.Status.isASCII() || !isASCII(r.From+r.To+r.MessageID+r.InReplyTo),
		},
	}
	c.header()
	c.textPart(text)
	c.statusPart()
	if err := c.originalPart(original); err != nil {
		return Needs{}, err
	}
	c.WriteString("\r\n--" + c.boundary + "--\r\n")
	return c.needs, c.Flush()
}

// boundary derives the line between the parts, so that nobody who wrote the
// original could know it.
func boundary(messageID string) string {
	return fmt.Sprintf("=_%x", sha256.Sum256([]byte("boundary "+messageID)))[:34]
}

// check finds what is missing.
func (r *Report) check() error {
	switch {
	case r.From == "" || r.To == "" || r.MessageID == "" || r.Date.IsZero():
		return fmt.Errorf("%w: From, To, MessageID and Date are needed", ErrIncomplete)
	case r.Status.ReportingMTA.Name == "":
		return fmt.Errorf("%w: no ReportingMTA", ErrIncomplete)
	case len(r.Status.Recipients) == 0:
		return fmt.Errorf("%w: no recipients", ErrIncomplete)
	}
	for _, rcpt := range r.Status.Recipients {
		if rcpt.Final.Address == "" || !rcpt.Action.Valid() || rcpt.Code.Class == 0 {
			return fmt.Errorf("%w: a recipient needs address, action and status", ErrIncomplete)
		}
	}
	return nil
}

// clean drops what does not belong: only a delay has an end (RFC 3464 §2.3.9).
func (r *Report) clean() {
	r.Status.Recipients = slices.Clone(r.Status.Recipients)
	for i := range r.Status.Recipients {
		if rcpt := &r.Status.Recipients[i]; rcpt.Action != Delayed {
			rcpt.RetryUntil = time.Time{}
		}
	}
}

// has reports whether the report tells of this action.
func (r *Report) has(a Action) bool {
	for i := range r.Status.Recipients {
		if r.Status.Recipients[i].Action == a {
			return true
		}
	}
	return false
}

// isASCII reports whether the fields fit into a message/delivery-status part.
func (s *Status) isASCII() bool {
	var all strings.Builder
	fw := fieldWriter{bufio.NewWriter(&all)}
	fw.status(s)
	fw.Flush() // to memory; can not fail
	return isASCII(all.String())
}

// A composer writes the parts of one report.
type composer struct {
	fieldWriter
	report   *Report
	boundary string
	global   bool
	needs    Needs
}

func (c *composer) header() {
	r := c.report
	c.field("From", "Mail Delivery System <"+r.From+">")
	c.field("To", "<"+r.To+">")
	c.field("Subject", r.title())
	c.field("Date", r.Date.Format(dateLayout))
	c.field("Message-ID", "<"+r.MessageID+">")
	if r.InReplyTo != "" {
		c.field("In-Reply-To", "<"+r.InReplyTo+">")
		c.field("References", "<"+r.InReplyTo+">")
	}
	c.field("Auto-Submitted", "auto-replied") // RFC 3834 §5
	c.field("MIME-Version", "1.0")
	c.field("Content-Type", `multipart/report; report-type=delivery-status; boundary="`+c.boundary+`"`)
	if c.needs.EightBit {
		c.field("Content-Transfer-Encoding", "8bit")
	}
	c.WriteString("\r\nThis is a delivery status notification in MIME format.\r\n")
}

// part begins a part of the body.
func (c *composer) part(contentType, description string, eightBit bool) {
	c.WriteString("\r\n--" + c.boundary + "\r\n")
	c.field("Content-Type", contentType)
	c.field("Content-Description", description)
	if eightBit {
		c.field("Content-Transfer-Encoding", "8bit")
	}
	c.WriteString("\r\n")
}

func (c *composer) textPart(text string) {
	charset := "us-ascii"
	if !isASCII(text) {
		charset = "utf-8"
	}
	c.part("text/plain; charset="+charset, "Notification", charset == "utf-8")
	c.WriteString(text)
}

func (c *composer) statusPart() {
	contentType := "message/delivery-status"
	if c.global {
		contentType = "message/global-delivery-status"
	}
	c.part(contentType, "Delivery report", c.global)
	c.status(&c.report.Status)
}
