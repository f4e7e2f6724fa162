package mailstore

import (
	"io"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// AppendTo puts the content into a caller's batch, for a model that keeps the
// message too: the queue. The blob is then that model's to delete. A content
// that is delivered as well must be duplicated first.
func (c *Content) AppendTo(b *storage.Batch) storage.BlobID { return c.appendTo(b) }

// Duplicate returns another content with the same bytes, to be discarded by
// itself.
func (c *Content) Duplicate() (*Content, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in := c.store.NewIngest(0)
	defer in.Discard()
	if _, err := io.Copy(in, io.NewSectionReader(r, 0, r.Size())); err != nil {
		return nil, err
	}
	return in.Finish()
}

// Spill moves a content from memory to the disk, for a caller that holds many.
func (c *Content) Spill() error { return c.stage(c.store.storage) }
