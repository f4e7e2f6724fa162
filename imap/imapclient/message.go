package imapclient

import (
	"io"
	"strings"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// A Message is what a FETCH response tells of a message. What it does not tell
// is zero.
type Message struct {
	Seq          imap.SeqNum
	UID          imap.UID
	HasFlags     bool // Flags were told
	Flags        []imap.Flag
	InternalDate time.Time
	SaveDate     time.Time
	Size         int64
	ModSeq       imap.ModSeq
	EmailID      string
	ThreadID     string
	Envelope     *message.Envelope
	// Body is the part tree of BODY or BODYSTRUCTURE: its offsets say no
	// more than sizes.
	Body *message.Part
	// Sections has content by the name of its data item, such as "BODY[]";
	// content that is NIL is missing.
	Sections map[string][]byte
	// BinarySizes has sizes by the name of their data item.
	BinarySizes map[string]int64
}

// A LiteralReader is content that arrives.
type LiteralReader struct{ r io.Reader }

// Read reads content.
func (l *LiteralReader) Read(p []byte) (int, error) { return l.r.Read(p) }

// fetched takes a FETCH response.
func (c *Client) fetched(n uint32) error {
	if err := c.checkSeq(n); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	m := &Message{Seq: imap.SeqNum(n)}
	if err := c.r.List(func() error { return c.fetchItem(m) }); err != nil {
		return err
	}
	if err := c.r.End(); err != nil {
		return err
	}
	if c.current.fetched != nil {
		return c.current.fetched(m)
	}
	if c.rev2 && m.UID == 0 {
		return imapwire.Syntax("unsolicited FETCH without UID")
	}
	c.tell(Update{Message: m})
	return nil
}

// fetchItem takes one data item.
func (c *Client) fetchItem(m *Message) error {
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	name := string(word)
	if c.r.Peek('[') || name == "RFC822" || name == "RFC822.HEADER" || name == "RFC822.TEXT" {
		return c.content(m, name)
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	switch name {
	case "UID":
		n, err := c.r.NZNumber()
		m.UID = imap.UID(n)
		return err
	case "FLAGS":
		m.HasFlags = true
		m.Flags, err = c.r.FlagList()
	case "INTERNALDATE":
		m.InternalDate, err = c.r.DateTime()
	case "SAVEDATE":
		if !c.r.AcceptWord("NIL") {
			m.SaveDate, err = c.r.DateTime()
		}
	case "RFC822.SIZE":
		m.Size, err = c.r.Number64()
	case "MODSEQ":
		err = c.r.List(func() (err error) {
			m.ModSeq, err = c.r.ModSeq(false)
			return err
		})
	case "EMAILID":
		m.EmailID, err = c.objectID()
	case "THREADID":
		m.ThreadID, err = c.objectID()
	case "ENVELOPE":
		m.Envelope, err = c.envelope()
	case "BODY", "BODYSTRUCTURE":
		m.Body, err = c.body(0)
	default:
		err = imapwire.Syntax("unknown data item %s", name)
	}
	return err
}

// objectID takes "(id)" or NIL.
func (c *Client) objectID() (id string, err error) {
	if c.r.AcceptWord("NIL") {
		return "", nil
	}
	err = c.r.List(func() error {
		atom, err := c.r.Atom()
		id = string(atom)
		return err
	})
	return id, err
}

// content takes a section and what it holds.
func (c *Client) content(m *Message, name string) error {
	if c.r.Peek('[') {
		section, err := c.sectionName()
		if err != nil {
			return err
		}
		name += section
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if strings.HasPrefix(name, "BINARY.SIZE") {
		n, err := c.r.Number64()
		if m.BinarySizes == nil {
			m.BinarySizes = make(map[string]int64)
		}
		m.BinarySizes[name] = n
		return err
	}
	if c.r.PeekLiteral() {
		return c.literal(m, name)
	}
	s, ok, err := c.r.NString()
	if ok {
		m.put(name, []byte(s))
	}
	return err
}

func (m *Message) put(name string, data []byte) {
	if m.Sections == nil {
		m.Sections = make(map[string][]byte)
	}
	m.Sections[name] = data
}

// literal takes content, streaming it if the command wants that.
func (c *Client) literal(m *Message, name string) error {
	size, eight, err := c.r.OpenLiteral()
	if err != nil {
		return err
	}
	if eight && !strings.HasPrefix(name, "BINARY[") {
		return imapwire.Syntax("literal8 as %s", name)
	}
	if c.current.literal != nil {
		r := &LiteralReader{c.r.LiteralReader()}
		if err := c.current.literal(m, name, size, r); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		return c.r.CloseLiteral()
	}
	if size > int64(c.opts.MaxLiteral) {
		return imapwire.ErrLiteralTooBig
	}
	data, err := io.ReadAll(c.r.LiteralReader())
	if err != nil {
		return err
	}
	m.put(name, data)
	return c.r.CloseLiteral()
}

// sectionName takes "[...]" with an origin "<n>", as it is.
func (c *Client) sectionName() (string, error) {
	var b strings.Builder
	for {
		ch, ok := c.r.Take()
		if !ok {
			return "", imapwire.Syntax("section has no end")
		}
		b.WriteByte(ch)
		if ch == ']' {
			break
		}
		if ch == '"' {
			return "", imapwire.Syntax("quoted field names are not understood")
		}
	}
	if c.r.Accept('<') {
		n, err := c.r.Number64()
		if err != nil {
			return "", err
		}
		if err := c.r.Expect('>'); err != nil {
			return "", err
		}
		b.WriteString("<" + imapNumber(n) + ">")
	}
	return b.String(), nil
}
