package mailstore

import (
	"strings"

	"github.com/mailstead/mailstead/message"
)

// keptFields are the header fields that a record keeps as they stand in the
// message, absent ones at no cost: those that mail clients ask for when they
// show a list of messages, and those that people search. They are answered
// without opening the blob. Measured with HEADER.FIELDS (From Subject Date) of
// 10 000 messages: more than ten times as fast.
var keptFields = [...]string{
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID",
	"In-Reply-To", "References", "Content-Type", "List-Id", "Newsgroups",
	"Priority", "X-Priority", "Importance", "Resent-Message-ID",
}

// maxKeptFields is how many bytes of fields a record keeps; of a header that
// has more it keeps none.
const maxKeptFields = 4 << 10

// KeepsField reports whether records keep the header fields of a name.
func KeepsField(name string) bool {
	for _, kept := range keptFields {
		if strings.EqualFold(kept, name) {
			return true
		}
	}
	return false
}

// fieldsOf returns the fields of a header that a record keeps, with the blank
// line; nil if they are too long. A header that does not begin with a field
// would continue the last one of a prefix: of that none are kept either.
func fieldsOf(h message.Header) []byte {
	for first := range h.Fields() {
		if len(first.Name()) == 0 {
			return nil
		}
		break
	}
	fields := h.Only(keptFields[:]...)
	if len(fields) > maxKeptFields {
		return nil
	}
	return fields
}

// Fields appends the header fields of those names that KeepsField reports,
// prefix included, byte for byte and in order, with the blank line. It returns
// false if the record does not have them; then they are in what Open returns.
func (m *Message) Fields(dst []byte) (message.Header, bool) {
	if len(m.record.fields) == 0 {
		return nil, false
	}
	dst = append(dst, m.record.prefix...)
	return append(dst, m.record.fields...), true
}
