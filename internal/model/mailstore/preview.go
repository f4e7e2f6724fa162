package mailstore

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// PreviewCharacters is the length of a preview (RFC 8970 §3.3).
const PreviewCharacters = 200

// maxPreviewBatch bounds what a PreviewMaker gathers before it writes.
const maxPreviewBatch = 1 << 20

// Preview returns the start of the message's text, if it has been made before
// and is kept.
func (m *Message) Preview() (text string, ok bool) {
	return string(m.record.preview), m.record.hasPreview
}

// A PreviewMaker makes previews of messages of an account, and has them kept in
// their records: to make one takes longer than to deliver a message, and most
// are looked at by nobody or many times. It is not for concurrent use.
type PreviewMaker struct {
	account *Account
	batch   *storage.Batch
	size    int
}

// PreviewMaker returns a PreviewMaker.
func (a *Account) PreviewMaker() *PreviewMaker { return &PreviewMaker{account: a} }

// Make returns the preview of a message, whose content it reads.
func (p *PreviewMaker) Make(ctx context.Context, e Entry, m *Message) (string, error) {
	if text, ok := m.Preview(); ok {
		return text, nil
	}
	s, err := m.Structure()
	if err != nil {
		return "", err
	}
	r, err := m.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	text := message.Preview(s, r, PreviewCharacters)
	return text, p.keep(ctx, recordKey(p.account.id, e.Record()), text)
}

// keep adds a preview to the record of a message, unless there is no room in
// it. Should the record change or go meanwhile, the whole batch comes to
// nothing, which does no harm.
func (p *PreviewMaker) keep(ctx context.Context, key key, text string) error {
	stored, err := p.account.store.storage.Get(nil, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rec, err := parseRecord(stored)
	if err != nil || len(stored)+len(text)+2 > maxRecord {
		return err
	}
	rec.preview, rec.hasPreview = []byte(text), true
	if p.batch == nil {
		p.batch = p.account.store.storage.NewBatch()
	}
	p.batch.Assert(key, stored)
	p.batch.Set(key, appendRecord(nil, rec))
	if p.size += 2 * len(stored); p.size > maxPreviewBatch {
		return p.Finish(ctx)
	}
	return nil
}

// Finish writes what was made. It must be called in the end.
func (p *PreviewMaker) Finish(context.Context) error {
	if p.batch == nil {
		return nil
	}
	b := p.batch
	p.batch, p.size = nil, 0
	err := storage.Commit(p.account.store.storage, b)
	if errors.Is(err, storage.ErrConflict) {
		return nil
	}
	return err
}
