package imapserver

import (
	"cmp"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// statusItems are the names of the items of STATUS, in the order of their bits.
var statusItems = [...]struct {
	name string
	item imap.StatusItems
}{
	{"MESSAGES", imap.StatusMessages},
	{"RECENT", imap.StatusRecent},
	{"UIDNEXT", imap.StatusUIDNext},
	{"UIDVALIDITY", imap.StatusUIDValidity},
	{"UNSEEN", imap.StatusUnseen},
	{"DELETED", imap.StatusDeleted},
	{"SIZE", imap.StatusSize},
	{"HIGHESTMODSEQ", imap.StatusHighestModSeq},
	{"APPENDLIMIT", imap.StatusAppendLimit},
	{"MAILBOXID", imap.StatusMailboxID},
	{"DELETED-STORAGE", imap.StatusDeletedStorage},
}

// writeStatus writes a STATUS response (RFC 9051 §7.3.3). A mailbox without an
// APPENDLIMIT of its own has that of the server (RFC 7889 §3.1).
func writeStatus(w *imapwire.Writer, mailbox string, items imap.StatusItems, d *imap.StatusData, limit int64) {
	w.Raw("* STATUS ")
	w.Mailbox(mailbox)
	sep := byte('(')
	w.SP()
	for _, s := range statusItems {
		if items&s.item != 0 {
			w.Byte(sep)
			sep = ' '
			w.Raw(s.name)
			w.SP()
			writeStatusItem(w, s.item, d, limit)
		}
	}
	w.Raw(")\r\n")
}

func writeStatusItem(w *imapwire.Writer, item imap.StatusItems, d *imap.StatusData, limit int64) {
	switch item {
	case imap.StatusMessages:
		w.Number(uint64(d.Messages))
	case imap.StatusRecent:
		w.Number(uint64(d.Recent))
	case imap.StatusUIDNext:
		w.Number(uint64(d.UIDNext))
	case imap.StatusUIDValidity:
		w.Number(uint64(d.UIDValidity))
	case imap.StatusUnseen:
		w.Number(uint64(d.Unseen))
	case imap.StatusDeleted:
		w.Number(uint64(d.Deleted))
	case imap.StatusSize:
		w.Number(uint64(d.Size))
	case imap.StatusDeletedStorage:
		w.Number(uint64(d.DeletedStorage))
	case imap.StatusHighestModSeq:
		w.Number(uint64(d.HighestModSeq))
	case imap.StatusAppendLimit:
		w.Number(uint64(cmp.Or(d.AppendLimit, limit)))
	case imap.StatusMailboxID:
		w.Byte('(')
		w.Raw(d.MailboxID)
		w.Byte(')')
	}
}
