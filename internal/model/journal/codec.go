package journal

import (
	"encoding/binary"
	"errors"
	"time"
)

// An event is written as its fields in their order: a text with its length in
// front, a number as a varint, a list with its length. That takes much less time
// than JSON.

// appendEvent appends an event.
func appendEvent(b []byte, e *Event) []byte {
	b = appendTime(b, e.Time)
	for _, s := range e.texts() {
		b = appendText(b, *s)
	}
	b = binary.AppendVarint(b, e.Size)
	b = binary.AppendVarint(b, int64(e.More))
	b = binary.AppendVarint(b, int64(e.Took))
	b = binary.AppendUvarint(b, uint64(len(e.Verdict)))
	for _, v := range e.Verdict {
		b = appendText(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Recipients)))
	for i := range e.Recipients {
		r := &e.Recipients[i]
		for _, s := range r.texts() {
			b = appendText(b, *s)
		}
		b = appendTime(b, r.Next)
	}
	return b
}

// texts are all fields of an event that are texts.
func (e *Event) texts() [12]*string {
	p := &e.Peer
	return [...]*string{
		(*string)(&e.Kind), &e.MessageID, &e.Transaction, &e.Queue, &e.Sender,
		&p.Name, &p.Address, &p.TLS, &p.User, &p.With, &e.Reply, &e.Notice,
	}
}

// texts are all fields of a recipient that are texts.
func (r *Recipient) texts() [7]*string {
	return [...]*string{&r.Address, (*string)(&r.Outcome), &r.Original, &r.Account, &r.Mailbox, &r.Queue, &r.Reply}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime appends nanoseconds since 1970; 0 is the zero time.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

var errCorrupt = errors.New("journal: corrupt page")

// A decoder reads what appendEvent has written.
type decoder struct {
	rest []byte
	err  error
}

// decodeEvent reads an event, which must be all there is.
func decodeEvent(text []byte) (Event, error) {
	d := decoder{rest: text}
	e := Event{Time: d.time()}
	for _, s := range e.texts() {
		*s = d.text()
	}
	e.Size, e.More, e.Took = d.number(), int(d.number()), time.Duration(d.number())
	for n := d.length(); n > 0 && d.err == nil; n-- {
		e.Verdict = append(e.Verdict, d.text())
	}
	for n := d.length(); n > 0 && d.err == nil; n-- {
		var r Recipient
		for _, s := range r.texts() {
			*s = d.text()
		}
		r.Next = d.time()
		e.Recipients = append(e.Recipients, r)
	}
	if len(d.rest) > 0 {
		d.err = errCorrupt
	}
	return e, d.err
}

// length reads the length of what follows, which has a byte at least for each.
func (d *decoder) length() int {
	n, width := binary.Uvarint(d.rest)
	if width <= 0 || n > uint64(len(d.rest)-width) {
		d.rest, d.err = nil, errCorrupt
		return 0
	}
	d.rest = d.rest[width:]
	return int(n)
}

func (d *decoder) text() string {
	n := d.length()
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) number() int64 {
	n, width := binary.Varint(d.rest)
	if width <= 0 {
		d.rest, d.err = nil, errCorrupt
		return 0
	}
	d.rest = d.rest[width:]
	return n
}

func (d *decoder) time() time.Time {
	n := d.number()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
