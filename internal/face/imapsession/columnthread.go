package imapsession

import (
	"context"
	"encoding/binary"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// threadColumn is what THREAD wants to know of the content of messages: numbers
// of 64 bits, for the message's identifier, its base subject (its lowest bit
// tells of replies) and its references.
func (c *compiler) threadColumn() columnKind {
	return columnKind{name: "threads by " + c.session.comparator.Collation.String(), valuer: func() valuer {
		t := c.session.newThreader(imap.ThreadReferences)
		return func(dst []byte, m *candidate) ([]byte, error) {
			facts, err := t.facts(m)
			if err != nil {
				return dst, err
			}
			return appendThreadFacts(dst, &facts), nil
		}
	}}
}

func appendThreadFacts(dst []byte, m *imapthread.Message) []byte {
	subject := m.Subject &^ 1
	if m.Reply {
		subject |= 1
	}
	dst = binary.LittleEndian.AppendUint64(dst, m.ID)
	dst = binary.LittleEndian.AppendUint64(dst, subject)
	for _, id := range m.References {
		dst = binary.LittleEndian.AppendUint64(dst, id)
	}
	return dst
}

// threadFacts gets memory for the references of many messages at once.
type threadFacts struct{ free []uint64 }

// read returns what appendThreadFacts has written, with the dates of e.
func (t *threadFacts) read(value []byte, e mailstore.Entry) imapthread.Message {
	next := func() uint64 {
		n := binary.LittleEndian.Uint64(value)
		value = value[8:]
		return n
	}
	m := imapthread.Message{ID: next(), Sent: e.SentSeconds(), Received: e.InternalSeconds()}
	subject := next()
	m.Subject, m.Reply = subject&^1, subject&1 != 0
	n := len(value) / 8
	if n == 0 {
		return m
	}
	if n > len(t.free) {
		t.free = make([]uint64, max(n, 4096))
	}
	m.References, t.free = t.free[:n:n], t.free[n:]
	for i := range m.References {
		m.References[i] = next()
	}
	return m
}

// threadsByColumn returns what threading needs of the messages that a search
// finds, and their numbers, where columns tell all; it reports whether they do.
func (c *compiler) threadsByColumn(ctx context.Context, from *columnist, kind imap.NumKind) (messages []imapthread.Message, numbers []uint32, ok bool) {
	onColumns, rest, err := c.stages(from.search)
	if err != nil || rest.cost != ofColumns {
		return nil, nil, false
	}
	column := from.columns(ctx, []columnKind{c.threadColumn()})[0]
	if column == nil {
		return nil, nil, false
	}
	values, facts, m := column.Cursor(), new(threadFacts), c.candidate(ctx)
	defer m.release()
	for seq, e := range c.view.told.All() {
		m.reset(seq, e)
		hit, err := onColumns.test(m)
		m.close()
		if err != nil {
			return nil, nil, false
		}
		if !hit {
			continue
		}
		value, known := values.Value(e.UID)
		if !known {
			return nil, nil, false
		}
		messages = append(messages, facts.read(value, e))
		numbers = append(numbers, place{seq, e}.number(kind))
	}
	return messages, numbers, true
}
