package imapserver

import (
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A ListWriter answers LIST or LSUB. It is valid during one call of
// Session.List.
type ListWriter struct {
	w    *imapwire.Writer
	opts *imap.ListOptions
	lsub bool
	// limit is the server's APPENDLIMIT.
	limit int64
	// off has the capabilities that this client is not offered.
	off map[string]bool
}

// Mailbox writes one answer, and its STATUS if one was asked for.
func (l *ListWriter) Mailbox(d *imap.ListData) error {
	w := l.w
	if l.lsub {
		w.Raw("* LSUB (")
	} else {
		w.Raw("* LIST (")
	}
	l.attrs(d)
	w.Raw(") ")
	writeDelimiter(w, d.Delim)
	w.SP()
	w.Mailbox(d.Mailbox)
	if !l.lsub {
		l.extended(d)
	}
	w.CRLF()
	if l.opts.ReturnStatus != 0 && d.Status != nil {
		writeStatus(w, d.Mailbox, l.opts.ReturnStatus, d.Status, l.limit)
	}
	if l.opts.ReturnMyRights && d.MyRights != 0 {
		writeMyRights(w, d.Mailbox, d.MyRights)
	}
	if len(l.opts.ReturnMetadata) > 0 && d.Metadata != nil {
		writeMetadata(w, d.Mailbox, withNil(l.opts.ReturnMetadata, d.Metadata))
	}
	return w.Err()
}

// attrs writes the attributes. Those that RFC 3501 does not know say in LSUB
// no more than \Noselect (RFC 3501 §6.3.9).
func (l *ListWriter) attrs(d *imap.ListData) {
	first := true
	put := func(a imap.MailboxAttr) {
		if !first {
			l.w.SP()
		}
		first = false
		l.w.Raw(string(a))
	}
	if l.lsub && d.ChildSubscribed && !slices.Contains(d.Attrs, imap.AttrSubscribed) {
		put(imap.AttrNoSelect)
		return
	}
	for _, a := range d.Attrs {
		switch {
		case len(l.off) > 0 && l.off[capabilityOfAttr(a)]:
		case !l.lsub:
			put(a)
		case a == imap.AttrNoSelect:
			put(a)
		}
	}
}

// extended writes the extended data items (RFC 9051 §7.3.1).
func (l *ListWriter) extended(d *imap.ListData) {
	if !d.ChildSubscribed && d.OldName == "" {
		return
	}
	w := l.w
	w.Raw(" (")
	if d.ChildSubscribed {
		w.Raw(`"CHILDINFO" ("SUBSCRIBED")`)
	}
	if d.OldName != "" {
		if d.ChildSubscribed {
			w.SP()
		}
		w.Raw(`"OLDNAME" (`)
		w.Mailbox(d.OldName)
		w.Byte(')')
	}
	w.Byte(')')
}

func writeDelimiter(w *imapwire.Writer, delim rune) {
	if delim == 0 {
		w.Nil()
		return
	}
	w.Quoted(string(delim))
}

// writeMyRights writes a MYRIGHTS response (RFC 4314 §3.8).
func writeMyRights(w *imapwire.Writer, mailbox string, rights imap.Rights) {
	w.Raw("* MYRIGHTS ")
	w.Mailbox(mailbox)
	w.SP()
	w.AString(rights.String())
	w.CRLF()
}
