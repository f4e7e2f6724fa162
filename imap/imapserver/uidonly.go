package imapserver

import (
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// UIDONLY (RFC 9586): once it is enabled the client neither hears of sequence
// numbers nor may speak of them. FETCH responses become UIDFETCH, EXPUNGE
// becomes VANISHED, SELECT tells no UNSEEN; EXISTS stays, for it is a count.

// errUIDRequired refuses a command, or a search key, that speaks of sequence
// numbers.
var errUIDRequired = &imap.Error{Type: imap.StatusBad, Code: imap.CodeUIDRequired, Text: "UIDONLY is enabled"}

// speaksOfSeqs reports whether a command takes or answers sequence numbers.
func speaksOfSeqs(name string) bool {
	switch name {
	case "FETCH", "STORE", "SEARCH", "COPY", "MOVE", "SORT", "THREAD", "REPLACE":
		return true
	}
	return false
}

// writeFetchHead begins the answer about one message, up to its list.
func writeFetchHead(w *imapwire.Writer, e *enabled, seq imap.SeqNum, uid imap.UID) {
	w.Raw("* ")
	if e.uidOnly {
		w.Number(uint64(uid))
		w.Raw(" UIDFETCH ")
		return
	}
	w.Number(uint64(seq))
	w.Raw(" FETCH ")
}
