package imapserver

import (
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// An UpdateWriter tells the client what has changed in the selected mailbox.
// It is valid during one call of Session.Poll. Errors of the connection are
// kept by the engine, which acts on them when Poll returns.
type UpdateWriter struct {
	w        *imapwire.Writer
	enabled  *enabled
	vanished imap.UIDSet
}

// Exists tells the number of messages in the view. It never gets smaller but
// by Expunge (RFC 9051 §7.4.1).
func (u *UpdateWriter) Exists(count uint32) {
	u.flush()
	u.count(count, " EXISTS\r\n")
}

// Recent tells the number of messages with \Recent (RFC 3501 §7.3.2). In
// IMAP4rev2 it says nothing.
func (u *UpdateWriter) Recent(count uint32) {
	if !u.enabled.rev2 {
		u.flush()
		u.count(count, " RECENT\r\n")
	}
}

// Expunge tells that the message that is now number seq is gone; the numbers
// above it move down at once (RFC 9051 §7.5.1). With QRESYNC or UIDONLY it
// tells of the UID (RFC 7162 §3.2.10, RFC 9586 §3.6).
func (u *UpdateWriter) Expunge(seq imap.SeqNum, uid imap.UID) {
	if u.enabled.qresync || u.enabled.uidOnly {
		u.vanished.Add(uid)
		return
	}
	u.count(uint32(seq), " EXPUNGE\r\n")
}

// NewFlags tells which flags are in use in the mailbox, and which the client
// can change, when that is not as it was told before (RFC 9051 §7.3.5).
func (u *UpdateWriter) NewFlags(flags, permanent []imap.Flag) {
	u.flush()
	u.w.Raw("* FLAGS ")
	u.w.Flags(flags)
	u.w.Raw("\r\n* OK [PERMANENTFLAGS ")
	u.w.Flags(permanent)
	u.w.Raw("] Flags permitted\r\n")
}

// Flags tells the flags of a message, and its mod-sequence if the client
// listens for that.
func (u *UpdateWriter) Flags(seq imap.SeqNum, uid imap.UID, flags []imap.Flag, modSeq imap.ModSeq) {
	u.flush()
	w := u.w
	writeFetchHead(w, u.enabled, seq, uid)
	w.Byte('(')
	if !u.enabled.uidOnly {
		w.Raw("UID ")
		w.Number(uint64(uid))
		w.SP()
	}
	w.Raw("FLAGS ")
	w.Flags(u.enabled.shown(flags))
	if u.enabled.condStore && modSeq != 0 {
		writeModSeq(w, modSeq)
	}
	w.Raw(")\r\n")
}

// Fetch returns a writer for what opts asks for of new messages, which must
// have been counted by Exists.
func (u *UpdateWriter) Fetch(opts *imap.FetchOptions) *FetchWriter {
	u.flush()
	return &FetchWriter{w: u.w, enabled: u.enabled, opts: opts}
}

func (u *UpdateWriter) count(n uint32, what string) {
	u.w.Raw("* ")
	u.w.Number(uint64(n))
	u.w.Raw(what)
}

// flush writes the VANISHED response that has gathered.
func (u *UpdateWriter) flush() {
	if len(u.vanished) > 0 {
		writeVanished(u.w, "", u.vanished)
		u.vanished = u.vanished[:0]
	}
}

// writeVanished writes a VANISHED response (RFC 7162 §3.2.10).
func writeVanished(w *imapwire.Writer, earlier string, uids imap.UIDSet) {
	w.Raw("* VANISHED ")
	w.Raw(earlier)
	writeSet(w, uids)
	w.CRLF()
}

// writeModSeq writes " MODSEQ (n)".
func writeModSeq(w *imapwire.Writer, m imap.ModSeq) {
	w.Raw(" MODSEQ (")
	w.Number(uint64(m))
	w.Byte(')')
}

func writeSet[N imap.Num](w *imapwire.Writer, set imap.Set[N]) {
	for i, r := range set {
		if i > 0 {
			w.Byte(',')
		}
		w.Number(uint64(r.Start))
		if r.Stop != r.Start {
			w.Byte(':')
			w.Number(uint64(r.Stop))
		}
	}
}

// A StoreWriter answers STORE. It is valid during one call of Session.Store.
type StoreWriter struct {
	w       *imapwire.Writer
	enabled *enabled
	op      *imap.StoreOp
	uid     bool // the command is UID STORE
}

// Stored tells the flags that a message has after STORE, as far as the client
// asked for it: .SILENT leaves only the mod-sequence (RFC 7162 §3.1.3), which
// comes with the UID (RFC 7162 §3.2.4).
func (s *StoreWriter) Stored(seq imap.SeqNum, uid imap.UID, flags []imap.Flag, modSeq imap.ModSeq) error {
	withModSeq := (s.enabled.condStore || s.op.Conditional) && modSeq != 0
	if s.op.Silent && !withModSeq {
		return nil
	}
	w := s.w
	writeFetchHead(w, s.enabled, seq, uid)
	w.Byte('(')
	if !s.enabled.uidOnly && (s.uid || s.enabled.rev2 || s.enabled.condStore) {
		w.Raw("UID ")
		w.Number(uint64(uid))
		w.SP()
	}
	if !s.op.Silent {
		w.Raw("FLAGS ")
		w.Flags(s.enabled.shown(flags))
	}
	if withModSeq {
		if !s.op.Silent {
			w.SP()
		}
		w.Raw("MODSEQ (")
		w.Number(uint64(modSeq))
		w.Byte(')')
	}
	w.Raw(")\r\n")
	return w.Err()
}
