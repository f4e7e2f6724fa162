package mailstore

import (
	"encoding/binary"

	"github.com/mailstead/mailstead/imap"
)

// The formats of mailbox records: the second has grants at its end.
const (
	mailboxFormat       = 1
	sharedMailboxFormat = 2
)

// appendMailbox appends the stored form of m, all but its id.
func appendMailbox(b []byte, m *Mailbox) []byte {
	format := byte(mailboxFormat)
	if len(m.Grants) > 0 {
		format = sharedMailboxFormat
	}
	b = append(b, format)
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
	if format == sharedMailboxFormat {
		b = appendGrants(b, m.Grants)
	}
	return b
}

func appendGrants(b []byte, grants []Grant) []byte {
	b = binary.AppendUvarint(b, uint64(len(grants)))
	for _, g := range grants {
		rights := uint64(g.Rights) << 1
		if g.Negative {
			rights |= 1
		}
		b = binary.AppendUvarint(b, uint64(g.Grantee))
		b = binary.AppendUvarint(b, rights)
	}
	return b
}

func (d *decoder) grants() []Grant {
	var grants []Grant
	for range d.count() {
		grantee, rights := d.uvarint(), d.uvarint()
		if rights>>1 > uint64(imap.AllRights) {
			d.bad = true
		}
		grants = append(grants, Grant{AccountID(grantee), rights&1 != 0, imap.Rights(rights >> 1)})
	}
	return grants
}

func parseMailbox(id MailboxID, b []byte) (*Mailbox, error) {
	shared := len(b) > 0 && b[0] == sharedMailboxFormat
	format := byte(mailboxFormat)
	if shared {
		format = sharedMailboxFormat
	}
	d := newDecoder(b, format)
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
	if shared {
		m.Grants = d.grants()
	}
	if len(m.keywords) > MaxKeywords {
		d.bad = true
	}
	return m, d.end("mailbox record")
}
