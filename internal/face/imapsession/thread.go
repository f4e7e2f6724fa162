package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/message"
)

// Thread looks through the view as Search does. The workers take from each hit
// what threading needs, which header fields that records keep tell; the
// algorithms are those of package imapthread.
func (s *session) Thread(ctx context.Context, by imap.ThreadAlgorithm, search *imap.SearchCriteria, kind imap.NumKind) ([]imap.ThreadNode, error) {
	if _, err := s.view.permit(ctx, imap.RightRead); err != nil {
		return nil, err
	}
	c := &compiler{session: s, view: s.view, now: s.Now()}
	columns := c.columnist(search, false)
	c.useColumns(ctx, columns)
	messages, numbers, ok := c.threadsByColumn(ctx, columns, kind)
	if !ok {
		var err error
		if messages, numbers, err = c.readThreads(ctx, by, search, kind); err != nil {
			return nil, translate(err)
		}
	}
	nodes := imapthread.Threads(by, messages)
	for i := range nodes {
		if n := &nodes[i]; n.Num != 0 {
			n.Num = numbers[n.Num-1]
		}
	}
	return nodes, nil
}

// readThreads returns what threading needs of the messages that a search finds,
// and their numbers.
func (c *compiler) readThreads(ctx context.Context, by imap.ThreadAlgorithm, search *imap.SearchCriteria, kind imap.NumKind) (messages []imapthread.Message, numbers []uint32, err error) {
	onColumns, _, err := c.stages(search)
	if err != nil {
		return nil, nil, err
	}
	err = examineAll(ctx, c.view.told.All(), onColumns, task[imapthread.Message]{
		total:    uint32(c.view.told.Len()),
		reader:   c.view.at.account.Reader,
		examiner: func() (examiner[imapthread.Message], error) { return c.threadExaminer(search, by) },
		found: func(f finding[imapthread.Message]) bool {
			messages = append(messages, f.facts)
			numbers = append(numbers, f.number(kind))
			return false
		},
	})
	return messages, numbers, err
}

func (p place) number(kind imap.NumKind) uint32 {
	if kind == imap.NumUID {
		return uint32(p.entry.UID)
	}
	return uint32(p.seq)
}

// threadExaminer makes what one worker looks at messages with.
func (c *compiler) threadExaminer(search *imap.SearchCriteria, by imap.ThreadAlgorithm) (examiner[imapthread.Message], error) {
	_, rest, err := c.stages(search)
	t := c.session.newThreader(by)
	return func(m *candidate) (imapthread.Message, bool, error) {
		if hit, err := rest.test(m); err != nil || !hit {
			return imapthread.Message{}, false, err
		}
		facts, err := t.facts(m)
		return facts, err == nil, err
	}, err
}

// A threader takes from messages what threading needs. It is for one goroutine.
type threader struct {
	hash    imapthread.Hash
	by      imap.ThreadAlgorithm
	collate collation.Order
	text    []byte // scratch
}

func (s *session) newThreader(by imap.ThreadAlgorithm) *threader {
	return &threader{hash: s.threads, by: by, collate: s.comparator}
}

// facts returns what threading needs of a message. Of one that cannot be
// read only dates are known.
func (t *threader) facts(m *candidate) (imapthread.Message, error) {
	facts := imapthread.Message{
		Sent:     m.entry.SentDate().Unix(),
		Received: m.entry.InternalDate().Unix(),
	}
	header, err := m.fields(true)
	if unreadable(err) {
		return facts, nil
	}
	if err != nil {
		return facts, err
	}
	f := fieldsOf(header)
	if t.by != imap.ThreadRefs {
		base, reply := imapthread.BaseSubject(f.subject)
		t.text = t.collate.Append(t.text[:0], base)
		facts.Subject, facts.Reply = t.hash.Text(t.text), reply
	}
	if t.by == imap.ThreadOrderedSubject {
		return facts, nil
	}
	if ids := message.ParseMessageIDs(f.id); len(ids) > 0 {
		facts.ID = t.hash.ID(ids[0])
	}
	facts.References = t.hash.References(f.references, f.inReplyTo)
	return facts, nil
}

// threadFields are the values of the fields that threads are made of. Of a field
// that stands there twice the first counts.
type threadFields struct{ subject, id, references, inReplyTo string }

func fieldsOf(header message.Header) (f threadFields) {
	for field := range header.Fields() {
		var value *string
		switch {
		case field.Is("Subject"):
			value = &f.subject
		case field.Is("Message-ID"):
			value = &f.id
		case field.Is("References"):
			value = &f.references
		case field.Is("In-Reply-To"):
			value = &f.inReplyTo
		default:
			continue
		}
		if *value == "" {
			*value = field.Text()
		}
	}
	return f
}
