package pop3session

import (
	"context"
	"io"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/pop3/pop3server"
)

// A maildrop is the retrieval flow's, locked.
type maildrop struct {
	drop   *retrieval.Drop
	reader *mailstore.MessageReader
}

// Len returns the number of messages.
func (d *maildrop) Len() int { return d.drop.Len() }

// Size returns the octets of message n.
func (d *maildrop) Size(n int) int64 { return d.drop.Entry(n).Size() }

// AppendUID appends the unique-id of message n.
func (d *maildrop) AppendUID(dst []byte, n int) []byte { return d.drop.AppendUID(dst, n) }

// Open returns the content of message n.
func (d *maildrop) Open(ctx context.Context, n int, form pop3server.Form) (io.ReadCloser, error) {
	m, err := d.reader.Message(ctx, d.drop.Entry(n))
	if err != nil {
		return nil, translate(err)
	}
	r, err := m.Open()
	if err != nil {
		return nil, translate(err)
	}
	c, err := contentOf(m, r, form)
	if err != nil {
		r.Close()
		return nil, translate(err)
	}
	return c, nil
}

// Pause gives back what has been read ahead: only so many sessions may have
// that, and many clients stay for minutes after they have read what they want.
func (d *maildrop) Pause() { d.reader.Release() }

// Commit makes durable what the client has deleted or left.
func (d *maildrop) Commit(ctx context.Context, changes pop3server.Changes) error {
	return translate(d.drop.Leave(ctx, changes.Deleted, changes.Retrieved))
}

// Close gives the maildrop's lock back.
func (d *maildrop) Close() error {
	d.reader.Release()
	d.drop.Close()
	return nil
}
