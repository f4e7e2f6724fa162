package mailstore

import (
	"bytes"
	"io"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// A Content is a whole message that is not stored yet. It may be delivered or
// appended once.
type Content struct {
	store     *Store
	size      int64
	memory    []byte
	staged    storage.Staged // or nil: then the message is in memory
	structure *message.Structure
	encoded   []byte      // the structure in binary
	fields    []byte      // of the header, for the record
	threads   threadLinks // if linked
	linked    bool
}

// Size returns its bytes.
func (c *Content) Size() int64 { return c.size }

// Structure returns its envelope and part tree. Do not change.
func (c *Content) Structure() *message.Structure { return c.structure }

// Header returns the bytes of the header with the blank line that ends it, but
// not more than limit.
func (c *Content) Header(limit int) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	header := make([]byte, min(c.structure.Root.BodyStart, int64(limit)))
	if len(header) == 0 {
		return header, nil
	}
	n, err := r.ReadAt(header, 0)
	if n == len(header) {
		err = nil
	}
	return header[:n], err
}

// maxScannedHeader is how much of a header is looked at for fields to keep.
const maxScannedHeader = 64 << 10

// HasField tells whether the header has a field of that name, in any case,
// within its first bytes. It copies nothing if the message is in memory.
func (c *Content) HasField(name string) (bool, error) {
	size := min(c.structure.Root.BodyStart, maxScannedHeader)
	if c.staged == nil {
		return hasField(c.memory[:size], name), nil
	}
	header, err := c.Header(maxScannedHeader)
	return hasField(header, name), err
}

func hasField(header []byte, name string) bool {
	for len(header) > len(name) {
		if header[len(name)] == ':' && bytes.EqualFold(header[:len(name)], []byte(name)) {
			return true
		}
		i := bytes.IndexByte(header, '\n')
		if i < 0 {
			return false
		}
		header = header[i+1:]
	}
	return false
}

// keepFields takes from the header what the record is to keep.
func (c *Content) keepFields() error {
	size := c.structure.Root.BodyStart
	if size > maxScannedHeader {
		return nil
	}
	if c.staged == nil {
		c.fields = fieldsOf(c.memory[:size])
		return nil
	}
	header, err := c.Header(maxScannedHeader)
	if err != nil {
		return err
	}
	c.fields = fieldsOf(header)
	return nil
}

// Open opens the content for reading. This is possible until it is delivered
// or appended, or discarded.
func (c *Content) Open() (Reader, error) {
	if c.staged != nil {
		return c.staged.Open()
	}
	return memoryReader{bytes.NewReader(c.memory)}, nil
}

// Discard frees the content. It must be called once, when the content has been
// delivered or appended or is not wanted; more calls do nothing.
func (c *Content) Discard() {
	if c.staged != nil {
		c.staged.Discard()
	}
	c.store.buffers.put(c.memory)
	c.memory = nil
}

// AppendTo puts the content into a batch: its first, or after that failed,
// another. It is also for a model that keeps a message by itself, the queue: the
// blob is then that model's to delete. A content that is delivered as well must
// be duplicated first.
func (c *Content) AppendTo(b *storage.Batch) storage.BlobID {
	if c.staged != nil {
		return b.AppendStaged(c.staged)
	}
	return b.AppendBlob(c.memory)
}

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
func (c *Content) Spill() error {
	if c.staged != nil {
		return nil
	}
	staged, err := c.store.storage.Stage()
	if err != nil {
		return err
	}
	if _, err = staged.Write(c.memory); err == nil {
		err = staged.Seal()
	}
	if err != nil {
		staged.Discard()
		return err
	}
	c.store.buffers.put(c.memory)
	c.memory, c.staged = nil, staged
	return nil
}

type memoryReader struct{ *bytes.Reader }

func (memoryReader) Close() error           { return nil }
func (memoryReader) Check(_, _ int64) error { return nil }

// WriteTo writes everything, however often it is called.
func (r memoryReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, io.NewSectionReader(r.Reader, 0, r.Size()))
}
