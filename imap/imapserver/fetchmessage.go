package imapserver

import (
	"io"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// A FetchMessage is what a session knows of a message: what of it is written
// depends on the command. The session may use one value for all messages.
type FetchMessage struct {
	UID   imap.UID
	Flags []imap.Flag
	// FlagsChanged says that this very command set \Seen, so that the flags
	// are told unasked.
	FlagsChanged bool
	InternalDate time.Time
	Size         int64
	ModSeq       imap.ModSeq
	// SaveDate is zero if it is not known (RFC 8514).
	SaveDate time.Time
	// EmailID and ThreadID go with FeatureObjectID; an empty ThreadID is NIL.
	EmailID, ThreadID string
	// Preview goes with FetchPreview: text in UTF-8, at most 256 characters;
	// nil if the client is lazy and it is not at hand (RFC 8970).
	Preview *string

	// Structure is needed if [FetchWriter.NeedsStructure], Content if
	// [FetchWriter.NeedsContent]. Content is the whole message, of Size
	// bytes, with the offsets of Structure. Structure's Envelope is looked at
	// for ENVELOPE, its Root for all else.
	Structure *message.Structure
	Content   io.ReaderAt

	// Fields has the fields that FetchWriter.HeaderFields names, and maybe
	// others, as they stand in the message, with the blank line. If it is
	// set, Content is not looked at, nor is Structure for the sections.
	Fields message.Header
}

// A FetchWriter answers FETCH. It is valid during one call of Session.Fetch.
type FetchWriter struct {
	w       *imapwire.Writer
	enabled *enabled
	opts    *imap.FetchOptions
	failed  *imap.Error // of a section; told when the command ends

	// Kept from message to message, so that they are made once.
	name    []byte            // of a section, as answered
	nameOf  *imap.BodySection // the section of name
	content contentReader     // into a message
	header  []byte            // of a message, for HEADER.FIELDS
}

// NeedsStructure reports whether FetchMessage.Structure is needed.
func (f *FetchWriter) NeedsStructure() bool {
	if f.opts.Items&(imap.FetchEnvelope|imap.FetchBody|imap.FetchBodyStructure) != 0 {
		return true
	}
	for i := range f.opts.Sections {
		if !f.opts.Sections[i].IsWhole() {
			return true
		}
	}
	return false
}

// HeaderFields returns the names of the header fields of the message that the
// command asks for, and true if it asks for no other content. A session that
// has them at hand sets FetchMessage.Fields, and needs no Content then.
func (f *FetchWriter) HeaderFields() (names []string, only bool) {
	for i := range f.opts.Sections {
		s := &f.opts.Sections[i]
		if s.Item != imap.ItemBody || s.Text != imap.SectionHeaderFields || len(s.Path) > 0 {
			return nil, false
		}
		names = append(names, s.Fields...)
	}
	return names, len(names) > 0
}

// NeedsContent reports whether FetchMessage.Content is needed.
func (f *FetchWriter) NeedsContent() bool { return len(f.opts.Sections) > 0 }

// Reads calls fn with each range of Content, by offset and size, that Message will
// read for m, up to an error of fn, which it returns. A session can so find out
// whether they can be read before Message announces them: an error in a literal
// costs the client its connection.
func (f *FetchWriter) Reads(m *FetchMessage, fn func(offset, size int64) error) error {
	if m.Fields != nil {
		return nil
	}
	for i := range f.opts.Sections {
		s := &f.opts.Sections[i]
		at, ok := locate(m, s)
		if !ok {
			continue
		}
		if s.Item == imap.ItemBody && len(s.Fields) == 0 {
			win := window(s.Partial, at.end-at.start)
			at = span{at.start + win.start, at.start + win.end}
		}
		if err := fn(at.start, at.end-at.start); err != nil {
			return err
		}
	}
	return nil
}

// columns are the data items that are columns of the mailbox.
var columns = [...]imap.FetchItems{
	imap.FetchUID, imap.FetchFlags, imap.FetchInternalDate, imap.FetchSize, imap.FetchModSeq,
	imap.FetchSaveDate, imap.FetchEmailID, imap.FetchThreadID,
	imap.FetchPreview,
}

// Message answers for one message. An error of it ends the command, and the
// connection if a literal was cut off: the session stops and returns it.
func (f *FetchWriter) Message(seq imap.SeqNum, m *FetchMessage) error {
	w := f.w
	writeFetchHead(w, f.enabled, seq, m.UID)
	sep := byte('(')
	items := f.opts.Items
	if m.FlagsChanged {
		items |= f.unasked()
	}
	for _, item := range columns {
		if items&item != 0 {
			w.Byte(sep)
			f.item(item, m)
			sep = ' '
		}
	}
	if items&(imap.FetchEnvelope|imap.FetchBody|imap.FetchBodyStructure) != 0 {
		w.Byte(sep)
		f.structure(m)
		sep = ' '
	}
	for i := range f.opts.Sections {
		w.Byte(sep)
		sep = ' '
		if err := f.section(&f.opts.Sections[i], m); err != nil {
			return f.cutOff(err)
		}
	}
	w.Raw(")\r\n")
	return w.Err()
}

// unasked returns what is told if the command itself changed the flags
// (RFC 7162 §3.2.4).
func (f *FetchWriter) unasked() imap.FetchItems {
	items := imap.FetchFlags
	if f.enabled.rev2 {
		items |= imap.FetchUID
	}
	if f.enabled.condStore {
		items |= imap.FetchUID | imap.FetchModSeq
	}
	if f.enabled.uidOnly {
		items &^= imap.FetchUID
	}
	return items
}

// cutOff makes err an error that ends the connection: the response is half
// written.
func (f *FetchWriter) cutOff(err error) error {
	f.w.Break(err)
	return err
}

// structure writes the data items that are made of the part tree.
func (f *FetchWriter) structure(m *FetchMessage) {
	w, items := f.w, f.opts.Items
	if items&imap.FetchEnvelope != 0 {
		w.Raw("ENVELOPE ")
		writeEnvelope(w, m.Structure.Envelope)
	}
	if items&imap.FetchBody != 0 {
		if items&imap.FetchEnvelope != 0 {
			w.SP()
		}
		w.Raw("BODY ")
		writeBody(w, m.Structure.Root, false)
	}
	if items&imap.FetchBodyStructure != 0 {
		if items&(imap.FetchEnvelope|imap.FetchBody) != 0 {
			w.SP()
		}
		w.Raw("BODYSTRUCTURE ")
		writeBody(w, m.Structure.Root, true)
	}
}

// item writes a data item that is a column of the mailbox.
func (f *FetchWriter) item(item imap.FetchItems, m *FetchMessage) {
	w := f.w
	switch item {
	case imap.FetchUID:
		w.Raw("UID ")
		w.Number(uint64(m.UID))
	case imap.FetchFlags:
		w.Raw("FLAGS ")
		w.Flags(f.enabled.shown(m.Flags))
	case imap.FetchInternalDate:
		w.Raw("INTERNALDATE ")
		w.DateTime(m.InternalDate)
	case imap.FetchSize:
		w.Raw("RFC822.SIZE ")
		w.Number(uint64(m.Size))
	case imap.FetchModSeq:
		w.Raw("MODSEQ (")
		w.Number(uint64(m.ModSeq))
		w.Byte(')')
	case imap.FetchSaveDate:
		w.Raw("SAVEDATE ")
		if m.SaveDate.IsZero() {
			w.Nil()
		} else {
			w.DateTime(m.SaveDate)
		}
	case imap.FetchEmailID:
		writeObjectID(w, "EMAILID ", m.EmailID)
	case imap.FetchPreview:
		w.Raw("PREVIEW ")
		if m.Preview == nil {
			w.Nil()
		} else {
			w.String(*m.Preview)
		}
	case imap.FetchThreadID:
		writeObjectID(w, "THREADID ", m.ThreadID)
	}
}

// writeObjectID writes an object id, or NIL (RFC 8474 §5).
func writeObjectID(w *imapwire.Writer, name, id string) {
	w.Raw(name)
	if id == "" {
		w.Nil()
		return
	}
	w.Byte('(')
	w.Raw(id)
	w.Byte(')')
}

// Vanished tells the UIDs that were expunged since the client last looked
// (RFC 7162 §3.2.6). It comes before the messages.
func (f *FetchWriter) Vanished(uids imap.UIDSet) {
	if len(uids) > 0 {
		writeVanished(f.w, "(EARLIER) ", uids)
	}
}
