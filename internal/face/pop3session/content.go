package pop3session

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3server"
)

// smallMessage is the size up to which a message is looked at whole to see that
// it is ASCII. That takes less time than to read its structure, and it is in
// memory for that.
const smallMessage = 32 << 10

// contentOf returns a message from start to end in a form. It takes over r
// unless it fails.
func contentOf(m *mailstore.Message, r mailstore.Reader, form pop3server.Form) (io.ReadCloser, error) {
	if form == pop3server.ASCIIHeader {
		ascii, err := isSmallASCII(r)
		if err != nil {
			return nil, err
		}
		if !ascii {
			c, err := surrogate(m, r)
			if c != nil || err != nil {
				return c, err
			}
		}
	}
	return &content{message: r}, nil
}

// A content reads a message from start to end, as it is. io.Copy has it written
// without a buffer between.
type content struct {
	message mailstore.Reader
	at      int64
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.message.ReadAt(p, c.at)
	c.at += int64(n)
	return n, err
}

// WriteTo implements io.WriterTo, for one who has not read.
func (c *content) WriteTo(w io.Writer) (int64, error) { return c.message.WriteTo(w) }

// Check implements pop3server.Checker.
func (c *content) Check() error { return check(c.message) }

// Close implements io.Closer.
func (c *content) Close() error { return c.message.Close() }

func check(r mailstore.Reader) error { return translate(r.Check(0, r.Size())) }

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
	return &surrogateContent{changed, r}, nil
}

// A surrogateContent is a message with other headers.
type surrogateContent struct {
	io.Reader
	message mailstore.Reader
}

// Check implements pop3server.Checker.
func (c *surrogateContent) Check() error { return check(c.message) }

// Close implements io.Closer.
func (c *surrogateContent) Close() error { return c.message.Close() }

// isSmallASCII reports whether a message is small, and all of it is ASCII.
func isSmallASCII(r mailstore.Reader) (bool, error) {
	if r.Size() > smallMessage {
		return false, nil
	}
	_, err := r.WriteTo(asciiOnly{})
	if errors.Is(err, errNotASCII) {
		return false, nil
	}
	return err == nil, err
}

// asciiOnly is a writer that takes nothing but ASCII.
type asciiOnly struct{}

var errNotASCII = errors.New("pop3session: not ASCII")

func (asciiOnly) Write(p []byte) (int, error) {
	if !isASCII(p) {
		return 0, errNotASCII
	}
	return len(p), nil
}

// isASCII looks at 32 octets at once, which takes half the time of eight.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 32; b = b[32:] {
		p := (*[32]byte)(b)
		if (binary.LittleEndian.Uint64(p[0:])|binary.LittleEndian.Uint64(p[8:])|
			binary.LittleEndian.Uint64(p[16:])|binary.LittleEndian.Uint64(p[24:]))&high != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
