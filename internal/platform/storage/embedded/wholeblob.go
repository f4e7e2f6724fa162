package embedded

import (
	"io"
	"sync"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A wholeBlob is an open blob of one chunk, as nearly all mail is, that was read
// when it was opened. Nothing is left in the pack to come back for.
type wholeBlob struct {
	codec *codec
	size  int64

	mu      sync.Mutex
	content wholeContent // nil when closed
	buffer  []byte       // that content is in
}

// openWhole opens the blob at l, which has one chunk.
func openWhole(c *codec, p *pack, l location) (storage.Blob, error) {
	stored, err := readStored(c, p, l)
	if err != nil {
		return nil, err
	}
	compressed, content, err := c.decodeSmall(nil, stored, l)
	if err != nil || compressed {
		defer c.release(stored)
	}
	if err != nil {
		return nil, err
	}
	b := &wholeBlob{codec: c, size: l.size, content: content, buffer: stored}
	if compressed {
		b.buffer = content
	}
	return b, nil
}

// Size implements [storage.Blob].
func (b *wholeBlob) Size() int64 { return b.size }

// Check has nothing to do: the blob was checked when it was opened.
func (b *wholeBlob) Check(_, _ int64) error { return nil }

// ReadAt implements [io.ReaderAt].
func (b *wholeBlob) ReadAt(p []byte, offset int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content == nil {
		return 0, storage.ErrClosed
	}
	return b.content.ReadAt(p, offset)
}

// WriteTo implements [io.WriterTo].
func (b *wholeBlob) WriteTo(w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content == nil {
		return 0, storage.ErrClosed
	}
	return b.content.WriteTo(w)
}

// Close implements [io.Closer].
func (b *wholeBlob) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content != nil {
		b.codec.release(b.buffer)
		b.buffer, b.content = nil, nil
	}
	return nil
}

// A wholeContent is the content of a blob, and an open blob whose memory is
// somebody else's.
type wholeContent []byte

// Size implements [storage.Blob].
func (c *wholeContent) Size() int64 { return int64(len(*c)) }

// Close implements [io.Closer].
func (c *wholeContent) Close() error { return nil }

// Check has nothing to do: the content was checked when it was decoded.
func (c *wholeContent) Check(_, _ int64) error { return nil }

// ReadAt implements [io.ReaderAt].
func (c *wholeContent) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errNegativeOffset(offset)
	}
	n := copy(p, (*c)[min(offset, c.Size()):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteTo implements [io.WriterTo].
func (c *wholeContent) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(*c)
	return int64(n), err
}
