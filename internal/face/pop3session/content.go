package pop3session

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3server"
)

// smallMessage is the size up to which a message is read at once.
const smallMessage = 32 << 10

// buffers hold small messages while they are sent.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[smallMessage]byte {
	if buf, ok := b.pool.Get().(*[smallMessage]byte); ok {
		return buf
	}
	return new([smallMessage]byte)
}

// content returns a message from start to end in a form. It takes over r unless
// it fails.
func (b *Backend) content(m *mailstore.Message, r mailstore.Reader, form pop3server.Form) (io.ReadCloser, error) {
	if r.Size() <= smallMessage {
		return b.small(m, r, form)
	}
	if form == pop3server.ASCIIHeader {
		c, err := surrogate(m, r)
		if c != nil || err != nil {
			return c, err
		}
	}
	return &content{Reader: io.NewSectionReader(r, 0, r.Size()), message: r}, nil
}

// A content reads a message from start to end.
type content struct {
	io.Reader
	message mailstore.Reader
}

// Check implements [pop3server.Checker].
func (c *content) Check() error { return translate(c.message.Check(0, c.message.Size())) }

func (c *content) Close() error { return c.message.Close() }

// surrogate returns the message with headers in ASCII, nil if they are.
func surrogate(m *mailstore.Message, r mailstore.Reader) (io.ReadCloser, error) {
	structure, err := m.Structure()
	if err != nil {
		return nil, err
	}
	changed, err := message.Surrogate(structure, r)
	switch {
	case errors.Is(err, message.ErrHeaderTooLong):
		return nil, &pop3.Error{Code: pop3.CodeUTF8, Text: textNeedsUTF8}
	case err != nil || changed == nil:
		return nil, err
	}
	return &content{Reader: changed, message: r}, nil
}

// small reads a message at once, as nearly all are. Whether it is ASCII shows
// then without a look at its structure.
func (b *Backend) small(m *mailstore.Message, r mailstore.Reader, form pop3server.Form) (io.ReadCloser, error) {
	buf := b.buffers.get()
	whole := buf[:r.Size()]
	if n, err := r.ReadAt(whole, 0); n < len(whole) {
		b.buffers.pool.Put(buf)
		return nil, err
	}
	if form == pop3server.ASCIIHeader && !isASCII(whole) {
		c, err := surrogate(m, r)
		if c != nil || err != nil {
			b.buffers.pool.Put(buf)
			return c, err
		}
	}
	return &smallContent{backend: b, buf: buf, rest: whole}, r.Close()
}

// A smallContent is a message in memory.
type smallContent struct {
	backend *Backend
	buf     *[smallMessage]byte // nil when closed
	rest    []byte
}

// Read implements io.Reader.
func (c *smallContent) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// WriteTo spares io.Copy a buffer.
func (c *smallContent) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(c.rest)
	c.rest = c.rest[n:]
	return int64(n), err
}

// Close gives the memory back.
func (c *smallContent) Close() error {
	if c.buf != nil {
		c.backend.buffers.pool.Put(c.buf)
		c.buf, c.rest = nil, nil
	}
	return nil
}

// isASCII looks at eight octets at once.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&high != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
