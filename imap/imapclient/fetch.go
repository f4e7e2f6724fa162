package imapclient

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// FetchHandler takes what FETCH brings.
type FetchHandler struct {
	// Message is told each response, when it has come whole.
	Message func(m *Message) error
	// Literal, if set, is given content while it arrives, by the name of its
	// data item; what it does not read is thrown away. Without it content is
	// in Message.Sections.
	Literal func(m *Message, section string, size int64, r *LiteralReader) error
}

// Fetch asks for messages (RFC 9051 §6.4.5). An error of the handler ends the
// connection.
func (c *Client) Fetch(ctx context.Context, set imap.NumSet, opts *imap.FetchOptions, h FetchHandler) error {
	p := &pending{keepExpunged: set.Kind == imap.NumSeq, fetched: h.Message, literal: h.Literal}
	if p.fetched == nil {
		p.fetched = func(*Message) error { return nil }
	}
	_, err := c.onSet(ctx, p, "FETCH", set, func(w *imapwire.Writer) { writeFetch(w, opts) })
	return err
}

// FetchAll is Fetch into memory.
func (c *Client) FetchAll(ctx context.Context, set imap.NumSet, opts *imap.FetchOptions) ([]*Message, error) {
	var out []*Message
	err := c.Fetch(ctx, set, opts, FetchHandler{Message: func(m *Message) error {
		out = append(out, m)
		return nil
	}})
	return out, err
}

// fetchNames are the data items without arguments.
var fetchNames = []struct {
	item imap.FetchItems
	name string
}{
	{imap.FetchUID, "UID"},
	{imap.FetchFlags, "FLAGS"},
	{imap.FetchInternalDate, "INTERNALDATE"},
	{imap.FetchSize, "RFC822.SIZE"},
	{imap.FetchModSeq, "MODSEQ"},
	{imap.FetchEnvelope, "ENVELOPE"},
	{imap.FetchBody, "BODY"},
	{imap.FetchBodyStructure, "BODYSTRUCTURE"},
	{imap.FetchSaveDate, "SAVEDATE"},
	{imap.FetchEmailID, "EMAILID"},
	{imap.FetchThreadID, "THREADID"},
}

// writeFetch writes data items and modifiers.
func writeFetch(w *imapwire.Writer, opts *imap.FetchOptions) {
	w.SP()
	sep := byte('(')
	for _, f := range fetchNames {
		if opts.Items&f.item != 0 {
			w.Byte(sep)
			w.Raw(f.name)
			sep = ' '
		}
	}
	for i := range opts.Sections {
		w.Byte(sep)
		w.Raw(sectionRequest(&opts.Sections[i]))
		sep = ' '
	}
	w.Byte(')')
	if opts.ChangedSince == 0 {
		return
	}
	w.Raw(" (CHANGEDSINCE ")
	w.Number(uint64(opts.ChangedSince))
	if opts.Vanished {
		w.Raw(" VANISHED")
	}
	w.Byte(')')
}

// sectionRequest returns a data item as it is asked for: unlike in the answer,
// with .PEEK and the whole of a partial.
func sectionRequest(s *imap.BodySection) string {
	bare := *s
	bare.Partial = imap.Partial{}
	out := bare.String()
	if s.Peek && (s.Item == imap.ItemBody || s.Item == imap.ItemBinary) {
		out = strings.Replace(out, "[", ".PEEK[", 1)
	}
	if s.Partial.Count > 0 {
		out += "<" + imapNumber(s.Partial.Offset) + "." + imapNumber(s.Partial.Count) + ">"
	}
	return out
}
