package pop3session

import (
	"context"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A maildrop is the INBOX as it was when the session began.
type maildrop struct {
	backend *Backend
	account *mailstore.Account
	version *mailstore.Version
	reader  *mailstore.MessageReader
}

// Len returns the number of messages.
func (d *maildrop) Len() int { return int(d.version.Len()) }

// Size returns the octets of message n.
func (d *maildrop) Size(n int) int64 { return d.version.At(imap.SeqNum(n)).Size() }

// AppendUID appends the unique-id of message n.
func (d *maildrop) AppendUID(dst []byte, n int) []byte {
	return append(dst, d.version.At(imap.SeqNum(n)).Instance().String()...)
}

// Open returns the content of message n.
func (d *maildrop) Open(ctx context.Context, n int) (io.ReadCloser, error) {
	m, err := d.reader.Message(ctx, d.version.At(imap.SeqNum(n)))
	if err != nil {
		return nil, translate(err)
	}
	r, err := m.Open()
	if err != nil {
		return nil, translate(err)
	}
	return &content{SectionReader: io.NewSectionReader(r, 0, r.Size()), closer: r}, nil
}

// content reads a message from start to end.
type content struct {
	*io.SectionReader
	closer io.Closer
}

func (c *content) Close() error { return c.closer.Close() }

// Commit removes messages. Those that are gone already are passed over.
func (d *maildrop) Commit(ctx context.Context, deleted []int) error {
	var uids imap.UIDSet
	for _, n := range deleted {
		uids.Add(d.version.At(imap.SeqNum(n)).UID)
	}
	_, err := d.account.Remove(ctx, d.version.Mailbox().ID, uids)
	return translate(err)
}

// Close gives the maildrop's lock back.
func (d *maildrop) Close() error {
	d.backend.unlock(d.account.ID())
	return nil
}
