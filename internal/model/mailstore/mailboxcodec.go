package mailstore

import (
	"encoding/binary"

	"github.com/mailstead/mailstead/imap"
)

const mailboxFormat = 1

// appendMailbox appends the stored form of m, all but its id.
func appendMailbox(b []byte, m *Mailbox) []byte {
	b = append(b, mailboxFormat)
	b = appendString(b, m.Name)
	for _, v := range [...]uint64{
		uint64(m.UIDValidity), uint64(m.UIDNext), uint64(m.HighestModSeq),
		uint64(m.Messages), uint64(m.Unseen), uint64(m.Deleted),
		uint64(m.Bytes), uint64(m.DeletedBytes), uint64(len(m.SpecialUse)),
	} {
		b = binary.AppendUvarint(b, v)
	}
	for _, use := range m.SpecialUse {
		b = appendString(b, string(use))
	}
	b = binary.AppendUvarint(b, uint64(len(m.keywords)))
	for _, keyword := range m.keywords {
		b = appendString(b, string(keyword))
	}
	return b
}

func parseMailbox(id MailboxID, b []byte) (*Mailbox, error) {
	d := newDecoder(b, mailboxFormat)
	m := &Mailbox{
		ID:            id,
		Name:          d.string(),
		UIDValidity:   imap.UIDValidity(d.uvarint()),
		UIDNext:       imap.UID(d.uvarint()),
		HighestModSeq: imap.ModSeq(d.uvarint()),
		Messages:      uint32(d.uvarint()),
		Unseen:        uint32(d.uvarint()),
		Deleted:       uint32(d.uvarint()),
		Bytes:         int64(d.uvarint()),
		DeletedBytes:  int64(d.uvarint()),
	}
	for range d.count() {
		m.SpecialUse = append(m.SpecialUse, imap.MailboxAttr(d.string()))
	}
	for range d.count() {
		m.keywords = append(m.keywords, imap.Flag(d.string()))
	}
	if len(m.keywords) > MaxKeywords {
		d.bad = true
	}
	return m, d.end("mailbox record")
}
