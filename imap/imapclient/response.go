package imapclient

import (
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A pending is the command that is running, with what it wants to hear.
type pending struct {
	name string
	tag  string
	// keepExpunged says that EXPUNGE is forbidden now (RFC 9051 §7.5.1).
	keepExpunged bool

	done      *Status // the tagged response
	continued bool    // "+" has come
	// answer is told what stands behind "+", if the command wants that.
	answer func(challenge []byte) error

	codes    []imap.Code // of untagged OKs
	enabled  []string
	lists    []imap.ListData
	statuses []mailboxStatus
	search   *SearchResult
	threads  []imap.ThreadNode
	space    *imap.NamespaceData
	id       []string
	flags    []imap.Flag

	annotations []imap.Annotation

	fetched  func(*Message) error
	literal  func(m *Message, section string, size int64, r *LiteralReader) error
	vanished imap.UIDSet // EARLIER
}

// A mailboxStatus is an answer of STATUS.
type mailboxStatus struct {
	mailbox string
	items   imap.StatusItems
	data    imap.StatusData
}

// response reads one response and acts on it.
func (c *Client) response() error {
	if err := c.r.Next(); err != nil {
		return err
	}
	switch {
	case c.r.Accept('+'):
		return c.continuation()
	case c.r.Accept('*'):
		if err := c.r.SP(); err != nil {
			return err
		}
		if c.r.PeekDigit() {
			return c.numbered()
		}
		return c.untagged()
	}
	return c.tagged()
}

// continuation takes what stands behind "+".
func (c *Client) continuation() error {
	if err := c.r.SP(); err != nil {
		return err
	}
	rest := c.r.Rest()
	if c.current.answer != nil {
		return c.current.answer(rest)
	}
	if c.current.continued {
		return imapwire.Syntax("continuation request without a reason")
	}
	c.current.continued = true
	return nil
}

// tagged takes the response that ends the command.
func (c *Client) tagged() error {
	tag, err := c.r.Tag()
	if err != nil {
		return err
	}
	if tag != c.current.tag {
		return imapwire.Syntax("response has tag %q, want %q", tag, c.current.tag)
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	s, err := c.status(string(word))
	if err != nil {
		return err
	}
	if s.Type == imap.StatusBye || s.Type == imap.StatusPreauth {
		return imapwire.Syntax("%s is tagged", s.Type)
	}
	c.current.done = s
	return nil
}

// status takes the rest of a status response.
func (c *Client) status(word string) (*Status, error) {
	s := &Status{Type: imap.StatusType(word)}
	switch s.Type {
	case imap.StatusOK, imap.StatusNo, imap.StatusBad, imap.StatusBye, imap.StatusPreauth:
	default:
		return nil, imapwire.Syntax("unknown response %s", word)
	}
	if err := c.r.SP(); err != nil {
		return nil, err
	}
	text := string(c.r.Rest())
	if strings.HasPrefix(text, "[") {
		code, rest, ok := strings.Cut(text[1:], "]")
		if !ok || code == "" || rest != "" && rest[0] != ' ' {
			return nil, imapwire.Syntax("malformed response code")
		}
		s.Code, text = imap.Code(code), strings.TrimPrefix(rest, " ")
	}
	s.Text = text
	if s.Code.Name() == "CAPABILITY" {
		c.setCapabilities(strings.Fields(s.Code.Args()))
	}
	return s, nil
}

func (c *Client) setCapabilities(caps []string) {
	c.caps = c.caps[:0]
	for _, name := range caps {
		c.caps = append(c.caps, strings.ToUpper(name))
	}
	c.w.NonSync = c.Has("LITERAL+")
}

// untagged takes a response that begins with a word.
func (c *Client) untagged() error {
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	p := c.current
	switch name := string(word); name {
	case "CAPABILITY":
		words, err := c.words()
		c.setCapabilities(words)
		return err
	case "ENABLED":
		p.enabled, err = c.words()
		return err
	case "FLAGS":
		if err := c.r.SP(); err != nil {
			return err
		}
		if p.flags, err = c.r.FlagList(); err != nil {
			return err
		}
		return c.r.End()
	case "LIST", "LSUB":
		return c.list()
	case "STATUS":
		return c.statusData()
	case "SEARCH":
		return c.searchRev1()
	case "THREAD":
		return c.threadData()
	case "SORT":
		return c.sortData()
	case "ESEARCH":
		return c.esearch()
	case "NAMESPACE":
		return c.namespace()
	case "ID":
		return c.idData()
	case "METADATA":
		return c.metadata()
	case "VANISHED":
		return c.vanished()
	default:
		return c.untaggedStatus(name)
	}
}

// untaggedStatus takes an untagged OK, NO, BAD or BYE.
func (c *Client) untaggedStatus(word string) error {
	s, err := c.status(word)
	if err != nil {
		return err
	}
	if s.Type == imap.StatusBye {
		if c.current.name == "LOGOUT" {
			return nil
		}
		return s.err()
	}
	if s.Code.Name() == string(imap.CodeClosed) {
		c.view = view{}
	}
	if s.Code != "" {
		c.current.codes = append(c.current.codes, s.Code)
	}
	return nil
}

// words takes atoms, with a space before each, to the end.
func (c *Client) words() ([]string, error) {
	var out []string
	for c.r.Accept(' ') {
		word, err := c.r.Atom()
		if err != nil {
			return nil, err
		}
		out = append(out, string(word))
	}
	return out, c.r.End()
}

// numbered takes a response that begins with a number.
func (c *Client) numbered() error {
	n, err := c.r.Number()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	switch string(word) {
	case "EXISTS":
		return c.exists(n)
	case "RECENT":
		if c.rev2 {
			return imapwire.Syntax("RECENT in IMAP4rev2")
		}
		return c.r.End()
	case "EXPUNGE":
		return c.expunged(n)
	case "FETCH":
		return c.fetched(n)
	}
	return imapwire.Syntax("unknown response %q", word)
}
