package mailstore

import (
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// records holds the messages of the account against its records, in the order
// of the records, and each record against its blob.
func (a *accountVerifier) records() error {
	extra, err := a.copies()
	if err != nil {
		return err
	}
	a.sortMessages()
	m := recordMerge{accountVerifier: a, messages: a.messages, orphans: a.orphansOf(a.id), extra: extra}
	err = a.reader.Scan(kinds(a.id, keyRecord, keyRecord+1), func(k, value []byte) error {
		a.count.Records++
		if err := m.record(RecordID(lastU64(k, 1)), value); err != nil {
			return err
		}
		return a.ctx.Err()
	})
	if err != nil {
		return err
	}
	m.missing(^RecordID(0))
	return nil
}

// A recordMerge goes through records, messages and orphans side by side, all of
// them by rising record.
type recordMerge struct {
	*accountVerifier
	messages []messageRef
	orphans  []pendingOrphan
	extra    map[RecordID]uint64
}

// missing says which messages have no record, up to but excluding one.
func (m *recordMerge) missing(before RecordID) {
	for len(m.messages) > 0 && m.messages[0].record < before {
		m.lost(m.messages[0], 0, "the message has no record: its content is gone")
		m.messages = m.messages[1:]
	}
	for len(m.orphans) > 0 && m.orphans[0].record < before {
		m.orphans = m.orphans[1:] // the collector finds that the record is gone
	}
}

func (m *recordMerge) lost(ref messageRef, blob storage.BlobID, what string) {
	m.found(damage.Finding{Severity: damage.Lost, Mailbox: m.nameOf(ref.mailbox), UID: uint32(ref.uid), Blob: uint64(blob), What: what, Do: adviceContent})
}

func (m *recordMerge) record(id RecordID, stored []byte) error {
	m.missing(id)
	n := 0
	for n < len(m.messages) && m.messages[n].record == id {
		n++
	}
	messages := m.messages[:n]
	m.messages = m.messages[n:]
	pending := uint64(0)
	for len(m.orphans) > 0 && m.orphans[0].record == id {
		m.orphans = m.orphans[1:]
		pending++
	}
	m.instances(id, messages, pending)
	rec, err := parseRecord(stored)
	if err != nil {
		for _, ref := range messages {
			m.lost(ref, 0, "the record of the message cannot be read")
		}
		return nil
	}
	return m.content(id, rec, messages)
}

// instances compares the messages that use a record with how many there should
// be.
func (m *recordMerge) instances(id RecordID, messages []messageRef, pending uint64) {
	are, should := uint64(len(messages))+pending, 1+m.extra[id]
	switch {
	case are == should:
	case are > should:
		ref := messages[max(len(messages)-1, 0):]
		f := damage.Finding{Severity: damage.Wrong, What: fmt.Sprintf("record %d is used %d times and counted %d times: its content would go too early", id, are, should)}
		if len(ref) > 0 {
			f.Mailbox, f.UID = m.nameOf(ref[0].mailbox), uint32(ref[0].uid)
		}
		m.found(f)
	case len(messages) == 0 && pending == 0:
		m.found(damage.Finding{Severity: damage.Wrong, What: fmt.Sprintf("record %d is in no mailbox", id), Do: "`mailstead repair` puts the message into a mailbox"})
	default:
		m.found(damage.Finding{Severity: damage.Unused, What: fmt.Sprintf("record %d is used %d times and counted %d times: its space would never be given back", id, are, should), Do: adviceRepair})
	}
}

// content checks that what a record says of its blob is so.
func (m *recordMerge) content(id RecordID, rec *record, messages []messageRef) error {
	trouble := ""
	size, err := m.options.Blob(rec.blob)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		trouble = "the content of the message is gone"
	case errors.Is(err, storage.ErrCorrupt):
		trouble = "nobody knows where the content of the message is"
	case err != nil:
		return err
	case size != rec.blobSize:
		trouble = fmt.Sprintf("the content has %d bytes and should have %d", size, rec.blobSize)
	case m.options.Broken(rec.blob):
		trouble = "the content of the message cannot be read"
	}
	for _, ref := range messages {
		if trouble != "" {
			m.lost(ref, rec.blob, trouble)
		} else if ref.size != rec.size() {
			m.lost(ref, rec.blob, fmt.Sprintf("the message has %d bytes and should have %d", rec.size(), ref.size))
		}
	}
	_, err = m.reader.Get(nil, linkKey(rec.blob, m.id, id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		m.found(damage.Finding{Severity: damage.Wrong, Blob: uint64(rec.blob), What: fmt.Sprintf("record %d does not hold its content: others could have it removed", id)})
	case err != nil:
		return err
	default:
		m.verifier.links++
	}
	return nil
}
