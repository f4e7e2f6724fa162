package imapsession

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// A sorter makes the keys of messages for one SORT: octets that are in the same
// order as the messages. It is for one goroutine.
type sorter struct {
	by      []imap.SortCriterion
	collate collation.Order
	text    []byte // scratch
	keys    keyArena
}

// newSorter returns a sorter with the active comparator.
func (s *session) newSorter(by []imap.SortCriterion) *sorter {
	return &sorter{by: by, collate: s.comparator}
}

// readsRecords reports whether columns do not tell all keys.
func readsRecords(by []imap.SortCriterion) bool {
	for _, b := range by {
		switch b.Key {
		case imap.SortArrival, imap.SortDate, imap.SortSize, imap.SortRelevancy:
		default:
			return true
		}
	}
	return false
}

// key returns the key of a message. It stays valid.
func (s *sorter) key(m *candidate) ([]byte, error) {
	var envelope *message.Envelope
	if readsRecords(s.by) {
		var err error
		if envelope, err = m.envelope(); err != nil {
			return nil, err
		}
	}
	key := s.keys.begin()
	for _, b := range s.by {
		start := len(key)
		if b.Key == imap.SortRelevancy {
			key = append(key, ^m.scores.mean()) // the best comes first
		} else {
			key = s.appendKey(key, b.Key, m.entry, envelope)
		}
		if b.Reverse {
			invert(key[start:])
		}
	}
	return s.keys.keep(key), nil
}

// envelope returns the message's envelope, an empty one if the message
// cannot be read.
func (c *candidate) envelope() (*message.Envelope, error) {
	m, err := c.message()
	if err == nil {
		var e *message.Envelope
		if e, err = m.Envelope(); err == nil {
			return e, nil
		}
	}
	if unreadable(err) {
		return new(message.Envelope), nil
	}
	return nil, err
}

func (s *sorter) appendKey(dst []byte, key imap.SortKey, e mailstore.Entry, env *message.Envelope) []byte {
	switch key {
	case imap.SortArrival:
		return appendNumber(dst, e.InternalDate().Unix())
	case imap.SortDate:
		return appendNumber(dst, e.SentDate().Unix())
	case imap.SortSize:
		return appendNumber(dst, e.Size())
	case imap.SortSubject:
		base, _ := imapthread.BaseSubject(env.Subject)
		return s.appendText(dst, base)
	case imap.SortFrom:
		return s.appendText(dst, firstMailbox(env.From))
	case imap.SortTo:
		return s.appendText(dst, firstMailbox(env.To))
	case imap.SortCc:
		return s.appendText(dst, firstMailbox(env.Cc))
	case imap.SortDisplayFrom:
		return s.appendText(dst, display(env.From))
	}
	return s.appendText(dst, display(env.To))
}

// appendNumber appends n so that octets are in the order of the numbers.
func appendNumber(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(n)^1<<63)
}

// maxSortText is how many octets of a text SORT compares, which bounds the
// memory that a message takes.
const maxSortText = 1024

// What comes before the text of a key, so that texts that could not be decoded
// come after all others (RFC 5255 §4.6). DecodeHeader marks these by the
// replacement character.
const (
	decodedText = iota + 1
	undecodedText
)

// appendText appends a text by the active comparator. It ends such that the
// empty one comes first, and nothing that follows takes part in the comparison
// of different texts.
func (s *sorter) appendText(dst []byte, text string) []byte {
	text = head(text, maxSortText)
	s.text = s.text[:0]
	if strings.ContainsRune(text, utf8.RuneError) {
		dst = append(dst, undecodedText)
		return appendTerminated(dst, collation.Octet.Append(s.text, text))
	}
	dst = append(dst, decodedText)
	s.text = s.collate.Append(s.text, text)
	start := len(dst)
	dst = appendTerminated(dst, s.text)
	if s.collate.Descending {
		invert(dst[start:])
	}
	return dst
}

// appendTerminated appends text with an end that is less than any octet of it.
func appendTerminated(dst, text []byte) []byte {
	for _, c := range text {
		if dst = append(dst, c); c == 0 {
			dst = append(dst, 0xff)
		}
	}
	return append(dst, 0, 0)
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// head returns at most n octets of s, whole characters.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// firstMailbox returns the addr-mailbox of the first address, which may be the
// name of a group.
func firstMailbox(list []message.Address) string {
	if len(list) == 0 {
		return ""
	}
	return message.DecodeHeader(list[0].Mailbox)
}

// display returns the DISPLAY sort value of the first address (RFC 5957 §3).
func display(list []message.Address) string {
	if len(list) == 0 {
		return ""
	}
	a := list[0]
	if name := message.DecodeHeader(a.Name); name != "" {
		return name
	}
	if a.Host == "" {
		return message.DecodeHeader(a.Mailbox)
	}
	return message.DecodeHeader(a.Mailbox + "@" + a.Host)
}
