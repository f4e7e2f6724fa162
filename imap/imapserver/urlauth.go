package imapserver

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A URLAuthSession can give URLs that carry an authorization, and answer them
// (RFC 4467, RFC 5524).
type URLAuthSession interface {
	// URLMechanisms returns the mechanisms of authorization.
	URLMechanisms() []string
	// GenURLAuth completes a rump: a URL that ends with an access identifier.
	// It returns the whole URL.
	GenURLAuth(ctx context.Context, rump imap.URL, mechanism string) (string, error)
	// ResetKey voids all URLs of a mailbox, or those of all mailboxes if it is
	// empty.
	ResetKey(ctx context.Context, mailbox string) error
	// FetchURL calls answer with the message that a URL is of, with Structure
	// and Content, and the section that is meant, and returns its error. If
	// the URL gives this user nothing it returns an *imap.Error of type NO.
	FetchURL(ctx context.Context, u imap.URL, answer func(m *FetchMessage, s imap.BodySection) error) error
}

// maxURLs is the number of URLs in one command.
const maxURLs = 100

func (c *conn) urlAuth() (URLAuthSession, error) {
	if c.opts.Features&FeatureURLAuth == 0 {
		return nil, errUnknownCommand
	}
	return c.session.(URLAuthSession), nil
}

// genURLAuth runs GENURLAUTH (RFC 4467 §7).
func (c *conn) genURLAuth(ctx context.Context, req *request) error {
	session, err := c.urlAuth()
	if err != nil {
		return err
	}
	type rump struct {
		url       imap.URL
		mechanism string
	}
	var rumps []rump
	for len(rumps) == 0 || !c.r.AtEnd() {
		var one rump
		if one.url, _, err = c.url(); err != nil {
			return err
		}
		if err := c.r.SP(); err != nil {
			return err
		}
		mechanism, err := c.r.Atom()
		if err != nil || len(rumps) == maxURLs {
			return imapwire.Syntax("mechanism expected")
		}
		one.mechanism = upperASCII(mechanism)
		rumps = append(rumps, one)
	}
	if err := c.end(req); err != nil {
		return err
	}
	made := make([]string, len(rumps))
	for i, one := range rumps {
		if made[i], err = session.GenURLAuth(ctx, one.url, one.mechanism); err != nil {
			return err
		}
	}
	c.w.Raw("* GENURLAUTH")
	for _, url := range made {
		c.w.SP()
		c.w.Quoted(url)
	}
	c.w.CRLF()
	return nil
}

// url takes a space and a URL.
func (c *conn) url() (u imap.URL, text string, err error) {
	if err := c.r.SP(); err != nil {
		return u, "", err
	}
	if text, err = c.r.AString(); err != nil {
		return u, "", err
	}
	if u, err = imap.ParseURL(text); err != nil {
		err = imapwire.Syntax("malformed URL")
	}
	return u, text, err
}

// resetKey runs RESETKEY (RFC 4467 §7).
func (c *conn) resetKey(ctx context.Context, req *request) error {
	session, err := c.urlAuth()
	if err != nil {
		return err
	}
	mailbox := ""
	if !c.r.AtEnd() {
		if mailbox, err = c.mailbox(); err != nil {
			return err
		}
	}
	var mechanisms []string
	for mailbox != "" && c.r.Accept(' ') {
		name, err := c.r.Atom()
		if err != nil {
			return err
		}
		mechanisms = append(mechanisms, upperASCII(name))
	}
	if err := c.end(req); err != nil {
		return err
	}
	known := session.URLMechanisms()
	for _, name := range mechanisms {
		if !containsFold(known, name) {
			return imap.No(imap.CodeCannot, "Mechanism is not supported")
		}
	}
	if err := session.ResetKey(ctx, mailbox); err != nil {
		return err
	}
	req.text = "All keys removed"
	if mailbox != "" {
		req.code, req.text = codeURLMech(known), "Key reset"
	}
	return nil
}

func containsFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// codeURLMech lists the mechanisms of authorization (RFC 4467 §8).
func codeURLMech(mechanisms []string) imap.Code {
	return imap.Code("URLMECH " + strings.Join(mechanisms, " "))
}

// urlItems are the forms in which URLFETCH can be asked for data (RFC 5524
// §3.1).
type urlItems struct {
	extended     bool
	structure    bool // BODYPARTSTRUCTURE
	body, binary bool
}

// A urlRequest is one URL of URLFETCH.
type urlRequest struct {
	url   imap.URL
	text  string
	valid bool
	items urlItems
}

// urlFetch runs URLFETCH, as RFC 5524 extends it too (RFC 4467 §7).
func (c *conn) urlFetch(ctx context.Context, req *request) error {
	session, err := c.urlAuth()
	if err != nil {
		return err
	}
	var wanted []urlRequest
	for len(wanted) == 0 || !c.r.AtEnd() {
		one, err := c.urlRequest()
		if err != nil {
			return err
		}
		if len(wanted) == maxURLs {
			return imapwire.Syntax("too many URLs")
		}
		wanted = append(wanted, one)
	}
	if err := c.end(req); err != nil {
		return err
	}
	for i := range wanted {
		if err := c.answerURL(ctx, session, &wanted[i]); err != nil {
			return err
		}
	}
	return nil
}

// urlRequest takes a URL, perhaps with the forms that are wanted. A URL that
// cannot be understood is answered like one that gives nothing.
func (c *conn) urlRequest() (one urlRequest, err error) {
	if err := c.r.SP(); err != nil {
		return one, err
	}
	one.items.extended = c.offers("URLAUTH=BINARY") && c.r.Accept('(')
	if one.text, err = c.r.AString(); err != nil {
		return one, err
	}
	if len(one.text) > maxURLText || strings.ContainsFunc(one.text, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return one, imapwire.Syntax("malformed URL")
	}
	one.url, err = imap.ParseURL(one.text)
	one.valid = err == nil
	if !one.items.extended {
		one.items.body = true
		return one, nil
	}
	return one, c.urlItems(&one.items)
}

// maxURLText is the length of a URL that is repeated in an answer.
const maxURLText = 8 << 10

// urlItems takes the forms behind a URL, and the parenthesis that ends them.
func (c *conn) urlItems(items *urlItems) error {
	for !c.r.Accept(')') {
		if err := c.r.SP(); err != nil {
			return err
		}
		switch {
		case c.r.AcceptWord("BODY"):
			items.body = true
		case c.r.AcceptWord("BINARY"):
			items.binary = true
		case c.r.AcceptWord("BODYPARTSTRUCTURE"):
			items.structure = true
		default:
			return imapwire.Syntax("unknown form of URLFETCH")
		}
	}
	if items.body && items.binary {
		return imapwire.Syntax("BODY and BINARY exclude each other")
	}
	return nil
}

// answerURL answers one URL: what gives nothing is NIL.
func (c *conn) answerURL(ctx context.Context, session URLAuthSession, one *urlRequest) error {
	f := &FetchWriter{w: c.w, enabled: &c.enabled, opts: new(imap.FetchOptions)}
	c.w.Raw("* URLFETCH ")
	c.w.Quoted(one.text)
	if !one.valid {
		c.w.Raw(" NIL\r\n")
		return nil
	}
	begun := false
	err := session.FetchURL(ctx, one.url, func(m *FetchMessage, s imap.BodySection) error {
		begun = true
		if err := f.url(&one.items, m, &s); err != nil {
			return f.cutOff(err)
		}
		return nil
	})
	var e *imap.Error
	switch {
	case begun:
	case errors.As(err, &e) && e.Type == imap.StatusNo:
		c.w.Raw(" NIL")
		err = nil
	case err != nil:
		c.w.Raw(" NIL\r\n") // the response must end before the tagged one says why
		return err
	}
	c.w.CRLF()
	return err
}

// url writes what URLFETCH tells of a URL, in the forms that were asked for.
func (f *FetchWriter) url(items *urlItems, m *FetchMessage, s *imap.BodySection) error {
	if !items.extended {
		return f.named(s, m) // f.name is empty: " " and the string
	}
	if items.structure {
		f.w.Raw(" (BODYPARTSTRUCTURE ")
		f.partStructure(m, s)
		f.w.Byte(')')
	}
	name := " (BODY"
	switch {
	case items.binary:
		name = " (BINARY"
		if s.Text == imap.SectionWhole {
			s.Item = imap.ItemBinary
		}
	case !items.body:
		return nil
	}
	f.name = append(f.name[:0], name...)
	if err := f.named(s, m); err != nil {
		return err
	}
	f.w.Byte(')')
	return nil
}

// partStructure writes the structure of the part that a section is, or NIL if
// it is none.
func (f *FetchWriter) partStructure(m *FetchMessage, s *imap.BodySection) {
	part := m.Structure.Find(s.Path)
	if s.Text != imap.SectionWhole || part == nil {
		f.w.Nil()
		return
	}
	writeBody(f.w, part, true)
}
