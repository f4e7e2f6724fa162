package imapserver

import (
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// writeEnvelope writes an ENVELOPE (RFC 9051 §7.5.2). An embedded message that
// could not be opened has none: its fields are NIL.
func writeEnvelope(w *imapwire.Writer, e *message.Envelope) {
	if e == nil {
		e = new(message.Envelope)
	}
	w.Byte('(')
	w.NString(e.Date)
	w.SP()
	w.NString(e.Subject)
	for _, list := range [...][]message.Address{e.From, e.Sender, e.ReplyTo, e.To, e.Cc, e.Bcc} {
		w.SP()
		writeAddresses(w, list)
	}
	w.SP()
	w.NString(e.InReplyTo)
	w.SP()
	w.NString(e.MessageID)
	w.Byte(')')
}

func writeAddresses(w *imapwire.Writer, list []message.Address) {
	if len(list) == 0 {
		w.Nil()
		return
	}
	w.Byte('(')
	for i := range list {
		a := &list[i]
		w.Byte('(')
		w.NString(a.Name)
		w.SP()
		w.NString(a.Route)
		w.SP()
		w.NString(a.Mailbox)
		w.SP()
		w.NString(a.Host)
		w.Byte(')')
	}
	w.Byte(')')
}

// writeBody writes a BODY, or with extension data a BODYSTRUCTURE (RFC 9051
// §7.5.2).
func writeBody(w *imapwire.Writer, p *message.Part, extended bool) {
	w.Byte('(')
	if p.IsMultipart() {
		for _, child := range p.Children {
			writeBody(w, child, extended)
		}
		w.SP()
		w.String(p.Subtype)
		if extended {
			w.SP()
			writeParams(w, p.Params)
			writeBodyExtension(w, p)
		}
	} else {
		writeSinglePart(w, p, extended)
	}
	w.Byte(')')
}

// writeSinglePart writes what is not a multipart.
func writeSinglePart(w *imapwire.Writer, p *message.Part, extended bool) {
	w.String(p.Type)
	w.SP()
	w.String(p.Subtype)
	w.SP()
	writeParams(w, p.Params)
	w.SP()
	w.NString(p.ID)
	w.SP()
	w.NString(p.Description)
	w.SP()
	w.String(p.Encoding)
	w.SP()
	w.Number(uint64(p.Size()))
	switch {
	case p.IsMessage():
		w.SP()
		writeEnvelope(w, p.Envelope)
		w.SP()
		writeBody(w, p.Children[0], extended)
		w.SP()
		w.Number(uint64(p.Lines))
	case p.IsText():
		w.SP()
		w.Number(uint64(p.Lines))
	}
	if extended {
		w.SP()
		w.NString(p.MD5)
		writeBodyExtension(w, p)
	}
}

// writeBodyExtension writes disposition, language and location.
func writeBodyExtension(w *imapwire.Writer, p *message.Part) {
	w.SP()
	if p.Disposition == "" {
		w.Nil()
	} else {
		w.Byte('(')
		w.String(p.Disposition)
		w.SP()
		writeParams(w, p.DispositionParams)
		w.Byte(')')
	}
	w.SP()
	writeLanguages(w, p.Language)
	w.SP()
	w.NString(p.Location)
}

func writeParams(w *imapwire.Writer, params []message.Param) {
	if len(params) == 0 {
		w.Nil()
		return
	}
	sep := byte('(')
	for _, p := range params {
		w.Byte(sep)
		w.String(p.Name)
		w.SP()
		w.String(p.Value)
		sep = ' '
	}
	w.Byte(')')
}

// writeLanguages writes one tag as a string, several as a list.
func writeLanguages(w *imapwire.Writer, tags []string) {
	switch len(tags) {
	case 0:
		w.Nil()
		return
	case 1:
		w.String(tags[0])
		return
	}
	sep := byte('(')
	for _, t := range tags {
		w.Byte(sep)
		w.String(t)
		sep = ' '
	}
	w.Byte(')')
}
