package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// fetch runs FETCH and UID FETCH (RFC 9051 §6.4.5).
func (c *conn) fetch(ctx context.Context, req *request) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	set, err := c.numSet(req)
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	var opts imap.FetchOptions
	if err := c.fetchItems(&opts); err != nil {
		return err
	}
	if err := c.fetchModifiers(req, &opts); err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if n := c.opts.MessageLimit; n != 0 && opts.Partial.Len() > uint64(n) {
		return imap.No(imap.CodeMessageLimit(n, 0), "The range is larger than MESSAGELIMIT")
	}
	if opts.Partial.IsZero() {
		if set, err = c.limit(req, set, ""); err != nil {
			return err
		}
	}
	opts.NewestFirst = req.lowest != 0
	if req.uid && !c.enabled.uidOnly {
		opts.Items |= imap.FetchUID
	}
	if opts.Items&imap.FetchModSeq != 0 {
		c.enableCondStore()
	}
	w := &FetchWriter{w: c.w, enabled: &c.enabled, opts: &opts}
	if err := c.session.Fetch(ctx, w, set, &opts); err != nil {
		return err
	}
	if w.failed != nil {
		return w.failed
	}
	return nil
}

// Macros of FETCH (RFC 9051 §6.4.5).
const (
	fetchFast = imap.FetchFlags | imap.FetchInternalDate | imap.FetchSize
	fetchAll  = fetchFast | imap.FetchEnvelope
	fetchFull = fetchAll | imap.FetchBody
)

// fetchItems takes a macro, a data item or a list of them.
func (c *conn) fetchItems(opts *imap.FetchOptions) error {
	switch {
	case c.r.AcceptWord("ALL"):
		opts.Items = fetchAll
	case c.r.AcceptWord("FAST"):
		opts.Items = fetchFast
	case c.r.AcceptWord("FULL"):
		opts.Items = fetchFull
	case c.r.Peek('('):
		err := c.r.List(func() error { return c.fetchItem(opts) })
		if err == nil && opts.Items == 0 && len(opts.Sections) == 0 {
			err = imapwire.Syntax("data item expected")
		}
		return err
	default:
		return c.fetchItem(opts)
	}
	return nil
}

// fetchNames are the data items without arguments.
var fetchNames = map[string]imap.FetchItems{
	"UID":           imap.FetchUID,
	"FLAGS":         imap.FetchFlags,
	"INTERNALDATE":  imap.FetchInternalDate,
	"RFC822.SIZE":   imap.FetchSize,
	"MODSEQ":        imap.FetchModSeq,
	"ENVELOPE":      imap.FetchEnvelope,
	"BODYSTRUCTURE": imap.FetchBodyStructure,
	"SAVEDATE":      imap.FetchSaveDate,
	"EMAILID":       imap.FetchEmailID,
	"THREADID":      imap.FetchThreadID,
	"PREVIEW":       imap.FetchPreview,
}

// maxSections is the number of sections that one FETCH may ask for.
const maxSections = 100

// fetchItem takes one data item.
func (c *conn) fetchItem(opts *imap.FetchOptions) error {
	name, err := c.r.Keyword()
	if err != nil {
		return err
	}
	if item, ok := fetchNames[string(name)]; ok && c.knowsFetch(item) {
		opts.Items |= item
		if item == imap.FetchPreview {
			return c.previewModifiers(opts)
		}
		return nil
	}
	var s imap.BodySection
	switch string(name) {
	case "BODY":
		if !c.r.Peek('[') {
			opts.Items |= imap.FetchBody
			return nil
		}
	case "BODY.PEEK":
		s.Peek = true
	case "BINARY":
		s.Item = imap.ItemBinary
	case "BINARY.PEEK":
		s.Item, s.Peek = imap.ItemBinary, true
	case "BINARY.SIZE":
		s.Item, s.Peek = imap.ItemBinarySize, true
	case "RFC822":
		s.Item = imap.ItemRFC822
	case "RFC822.HEADER":
		s.Item, s.Text, s.Peek = imap.ItemRFC822Header, imap.SectionHeader, true
	case "RFC822.TEXT":
		s.Item, s.Text = imap.ItemRFC822Text, imap.SectionBodyText
	default:
		return imapwire.Syntax("unknown data item")
	}
	if (s.Item == imap.ItemBinary || s.Item == imap.ItemBinarySize) && !c.offers("BINARY") {
		return imapwire.Syntax("unknown data item")
	}
	if err := c.section(&s); err != nil {
		return err
	}
	if len(opts.Sections) == maxSections {
		return imapwire.Syntax("too many sections")
	}
	opts.Sections = append(opts.Sections, s)
	return nil
}

// previewModifiers takes "(LAZY)", which may stand behind PREVIEW (RFC 8970 §6).
// Outside of a list of items the space before it is also what parts the item
// from modifiers of FETCH.
func (c *conn) previewModifiers(opts *imap.FetchOptions) error {
	if !c.r.AcceptText(" (LAZY") {
		return nil
	}
	opts.LazyPreview = true
	for c.r.Accept(' ') {
		if !c.r.AcceptWord("LAZY") {
			return imapwire.Syntax("unknown modifier of PREVIEW")
		}
	}
	return c.r.Expect(')')
}

func (c *conn) knowsFetch(item imap.FetchItems) bool {
	switch item {
	case imap.FetchModSeq:
		return c.offers("CONDSTORE")
	case imap.FetchSaveDate:
		return c.opts.Features&FeatureSaveDate != 0
	case imap.FetchPreview:
		return c.opts.Features&FeaturePreview != 0
	case imap.FetchEmailID, imap.FetchThreadID:
		return c.opts.Features&FeatureObjectID != 0
	}
	return true
}

// fetchModifiers takes what may stand behind the data items (RFC 7162
// §3.1.4.1 and §3.2.6, RFC 9394 §3.3).
func (c *conn) fetchModifiers(req *request, opts *imap.FetchOptions) error {
	if !c.r.Accept(' ') {
		return nil
	}
	err := c.r.List(func() (err error) {
		switch {
		case c.offers("CONDSTORE") && c.r.AcceptWord("CHANGEDSINCE"):
			if err := c.r.SP(); err != nil {
				return err
			}
			opts.Items |= imap.FetchModSeq
			opts.ChangedSince, err = c.r.ModSeq(false)
			return err
		case c.r.AcceptWord("VANISHED") && c.enabled.qresync && req.uid:
			opts.Vanished = true
			return nil
		case c.offers("PARTIAL") && c.r.AcceptWord("PARTIAL") && req.uid && opts.Partial.IsZero():
			if err := c.r.SP(); err != nil {
				return err
			}
			opts.Partial, err = c.r.PartialRange()
			return err
		}
		return imapwire.Syntax("unknown modifier of FETCH")
	})
	if err == nil && opts.Vanished && opts.ChangedSince == 0 {
		err = imapwire.Syntax("VANISHED needs CHANGEDSINCE")
	}
	return err
}

// section takes "[...]<...>" behind the name of a data item that has it.
func (c *conn) section(s *imap.BodySection) error {
	switch s.Item {
	case imap.ItemRFC822, imap.ItemRFC822Header, imap.ItemRFC822Text:
		return nil
	}
	if err := c.r.Expect('['); err != nil {
		return err
	}
	if !c.r.Peek(']') {
		if err := c.sectionSpec(s); err != nil {
			return err
		}
	}
	if err := c.r.Expect(']'); err != nil {
		return err
	}
	if s.Item == imap.ItemBinarySize || !c.r.Accept('<') {
		return nil
	}
	return c.partial(&s.Partial)
}

// maxPath is the number of part numbers in a section.
const maxPath = 100

// sectionSpec takes part numbers and a text.
func (c *conn) sectionSpec(s *imap.BodySection) error {
	for c.r.PeekDigit() {
		n, err := c.r.NZNumber()
		if err != nil || len(s.Path) == maxPath {
			return imapwire.Syntax("part number expected")
		}
		s.Path = append(s.Path, int(n))
		if !c.r.Accept('.') {
			return nil
		}
	}
	if s.Item != imap.ItemBody {
		return imapwire.Syntax("part number expected")
	}
	return c.sectionText(s)
}

// sectionText takes the text of a section, which stands last.
func (c *conn) sectionText(s *imap.BodySection) error {
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	s.Text = imap.SectionText(word)
	switch s.Text {
	case imap.SectionHeader, imap.SectionBodyText:
		return nil
	case imap.SectionMIME:
		if len(s.Path) > 0 {
			return nil
		}
	case imap.SectionHeaderFields, imap.SectionHeaderFieldsNot:
		return c.sectionFields(s)
	}
	return imapwire.Syntax("unknown section")
}

// sectionFields takes a list of header field names.
func (c *conn) sectionFields(s *imap.BodySection) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	err := c.r.List(func() error {
		field, err := c.r.AString()
		s.Fields = append(s.Fields, field)
		return err
	})
	if err == nil && len(s.Fields) == 0 {
		err = imapwire.Syntax("header field name expected")
	}
	return err
}

// partial takes "offset.count>".
func (c *conn) partial(p *imap.Partial) (err error) {
	if p.Offset, err = c.r.Number64(); err != nil {
		return err
	}
	if err := c.r.Expect('.'); err != nil {
		return err
	}
	if p.Count, err = c.r.Number64(); err != nil {
		return err
	}
	if p.Count == 0 {
		return imapwire.Syntax("partial must not be empty")
	}
	return c.r.Expect('>')
}
