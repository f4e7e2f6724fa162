package mailstore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An accountVerifier reads one account.
type accountVerifier struct {
	*verifier
	id    AccountID
	state *state
	// messages are all messages of the account, to be held against its records.
	messages []messageRef
}

// A messageRef is a message as a page has it.
type messageRef struct {
	record  RecordID
	size    int64
	mailbox MailboxID
	uid     imap.UID
}

// account checks one account.
func (v *verifier) account(id AccountID) error {
	a := &accountVerifier{verifier: v, id: id}
	s, _, err := loadState(v.reader, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		a.found(damage.Finding{Severity: damage.Unused, What: "the account was removed, and not all of its mail has gone yet", Do: adviceRepair})
		return nil
	case errors.Is(err, ErrCorrupt):
		a.found(damage.Finding{Severity: damage.Lost, What: "the account cannot be opened: " + err.Error(), Do: adviceRepair})
		return nil
	case err != nil:
		return err
	}
	a.state = s
	for _, check := range []func() error{a.mailboxes, a.strayRows, a.records, a.changeLog, a.threads} {
		if err := check(); err != nil {
			return err
		}
	}
	return v.ctx.Err()
}

func (a *accountVerifier) found(f damage.Finding) {
	if f.Severity == damage.Wrong && f.Do == "" {
		f.Do = adviceRepair
	}
	a.verifier.found(a.id, f)
}

// wrong says that something contradicts something else.
func (a *accountVerifier) wrong(box *Mailbox, format string, args ...any) {
	f := damage.Finding{Severity: damage.Wrong, What: fmt.Sprintf(format, args...)}
	if box != nil {
		f.Mailbox = box.Name
	}
	a.found(f)
}

func (a *accountVerifier) mailboxes() error {
	var usage Usage
	names := make(map[string]bool)
	s := a.state
	for _, box := range s.tree.byID {
		a.count.Mailboxes++
		usage.Bytes += box.Bytes
		usage.Messages += int64(box.Messages)
		if name, err := CheckName(box.Name); (err != nil || name != box.Name) && !box.IsInbox() {
			a.wrong(box, "a mailbox cannot have this name")
		}
		if names[box.Name] {
			a.wrong(box, "two mailboxes have this name")
		}
		names[box.Name] = true
		if box.ID > s.lastMailbox || box.UIDValidity > s.uidValidity || box.UIDValidity == 0 || box.HighestModSeq > s.modSeq {
			a.wrong(box, "mailbox %d with UIDVALIDITY %d and HIGHESTMODSEQ %d is beyond the account's counters (%d, %d, %d)",
				box.ID, box.UIDValidity, box.HighestModSeq, s.lastMailbox, s.uidValidity, s.modSeq)
		}
		if err := a.mailbox(box); err != nil {
			return err
		}
		if err := a.grantsOf(box); err != nil {
			return err
		}
	}
	if !names[imap.Inbox] {
		a.wrong(nil, "there is no INBOX")
	}
	if usage != s.usage {
		a.wrong(nil, "the quota counts %d messages of %d bytes; the mailboxes have %d of %d", s.usage.Messages, s.usage.Bytes, usage.Messages, usage.Bytes)
	}
	if s.horizon > s.modSeq || s.modSeq > maxModSeq {
		a.wrong(nil, "the change log begins at %d and ends at %d", s.horizon, s.modSeq)
	}
	return a.ctx.Err()
}

func (a *accountVerifier) grantsOf(box *Mailbox) error {
	for _, g := range box.Grants {
		_, err := a.reader.Get(nil, grantKey(g.Grantee, a.id, box.ID))
		if errors.Is(err, storage.ErrNotFound) {
			a.wrong(box, "account %d was granted rights, and is not led to the mailbox", g.Grantee)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mailbox checks the pages of one mailbox against its record.
func (a *accountVerifier) mailbox(box *Mailbox) error {
	is := Mailbox{ID: box.ID}
	err := a.reader.Scan(prefixed(accountKey(a.id, keyPage).u32(uint32(box.ID))), func(k, value []byte) error {
		p, err := parsePage(lastU32(k), value)
		if err != nil {
			first := imap.UID(lastU32(k) << pageBits)
			a.found(damage.Finding{Severity: damage.Lost, Mailbox: box.Name, UID: uint32(first),
				What: fmt.Sprintf("the list of the messages with UIDs from %d to %d cannot be read", first, first+pageUIDs-1), Do: adviceRepair})
			return nil
		}
		a.page(box, &is, p)
		return a.ctx.Err()
	})
	if err != nil {
		return err
	}
	a.count.Messages += int64(is.Messages)
	if is.Messages != box.Messages || is.Unseen != box.Unseen || is.Deleted != box.Deleted || is.Bytes != box.Bytes || is.DeletedBytes != box.DeletedBytes {
		a.wrong(box, "counts %d messages, %d unseen, %d deleted, %d and %d bytes; there are %d, %d, %d, %d and %d",
			box.Messages, box.Unseen, box.Deleted, box.Bytes, box.DeletedBytes, is.Messages, is.Unseen, is.Deleted, is.Bytes, is.DeletedBytes)
	}
	return nil
}

// page checks the messages of a page, and adds them to the counts of is.
func (a *accountVerifier) page(box, is *Mailbox, p *page) {
	var buf [pageUIDs]row
	if p.count() == 0 {
		a.wrong(box, "page %d has no messages", p.no)
	}
	for _, r := range p.appendRows(buf[:0]) {
		is.Messages++
		is.Bytes += r.size
		if !r.flags.Has(Seen) {
			is.Unseen++
		}
		if r.flags.Has(Deleted) {
			is.Deleted++
			is.DeletedBytes += r.size
		}
		if why := a.rowTrouble(box, &r); why != "" {
			a.found(damage.Finding{Severity: damage.Wrong, Mailbox: box.Name, UID: uint32(r.uid), What: why})
		}
		a.messages = append(a.messages, messageRef{r.record, r.size, box.ID, r.uid})
	}
}

// rowTrouble says what is wrong with a message as its page has it.
func (a *accountVerifier) rowTrouble(box *Mailbox, r *row) string {
	switch {
	case r.uid == 0 || r.uid >= box.UIDNext:
		return fmt.Sprintf("the UID is not below UIDNEXT, which is %d", box.UIDNext)
	case r.modSeq == 0 || r.modSeq > box.HighestModSeq:
		return fmt.Sprintf("MODSEQ %d is above HIGHESTMODSEQ, which is %d", r.modSeq, box.HighestModSeq)
	case uint64(r.instance) > a.state.lastID || uint64(r.record) > a.state.lastID || r.instance == 0 || r.record == 0:
		return fmt.Sprintf("the ids %d and %d are above the last that was given, %d", r.instance, r.record, a.state.lastID)
	case r.size < 0:
		return fmt.Sprintf("the size is %d", r.size)
	}
	why := ""
	r.flags.each(func(b FlagBit) {
		if !box.names(b) {
			why = fmt.Sprintf("flag %d has no name", b)
		}
	})
	return why
}

// strayRows finds rows of mailboxes that are not there.
func (a *accountVerifier) strayRows() error {
	var annotations int64
	for _, kind := range [...]byte{keyRecent, keyPage, keyAnnotation, keyAccess} {
		last := MailboxID(0)
		err := a.reader.Scan(kinds(a.id, kind, kind+1), func(k, value []byte) error {
			const at = 1 + 8 + 1
			if len(k) < at+4 {
				a.wrong(nil, "a key makes no sense")
				return nil
			}
			if kind == keyAnnotation {
				annotations += annotationSize(k, value)
			}
			id := MailboxID(firstU32(k[at:]))
			if _, ok := a.state.tree.Get(id); !ok && id != last && !(id == 0 && kind == keyAnnotation) {
				a.found(damage.Finding{Severity: severityOfStray(kind), What: fmt.Sprintf("there are rows of mailbox %d, which there is not", id), Do: adviceRepair})
			}
			last = id
			return a.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	if annotations != a.state.annotations {
		a.wrong(nil, "the annotations are counted as %d bytes; there are %d", a.state.annotations, annotations)
	}
	for _, name := range a.state.tree.subscriptions {
		if checked, err := CheckName(name); err != nil || checked != name {
			a.wrong(nil, "the subscription %q is no name", name)
		}
	}
	return nil
}

// severityOfStray says how bad rows of a mailbox without a record are: with pages
// go messages.
func severityOfStray(kind byte) damage.Severity {
	if kind == keyPage {
		return damage.Wrong
	}
	return damage.Unused
}

// changeLog checks that the log has an entry for each change above the horizon.
func (a *accountVerifier) changeLog() error {
	due := a.state.horizon + 1
	missing := 0
	err := a.reader.Scan(kinds(a.id, keyLog, keyLog+1), func(k, value []byte) error {
		modSeq := imap.ModSeq(lastU64(k, 1))
		if modSeq > a.state.modSeq {
			a.wrong(nil, "the change log has an entry %d, beyond the last change %d", modSeq, a.state.modSeq)
			return storage.ErrStop
		}
		if _, err := parseChanges(modSeq, value); err != nil {
			a.found(damage.Finding{Severity: damage.Lost, What: fmt.Sprintf("entry %d of the change log cannot be read", modSeq), Do: adviceRepair})
		}
		if modSeq >= due {
			missing += int(modSeq - due)
			due = modSeq + 1
		}
		return a.ctx.Err()
	})
	if err != nil {
		return err
	}
	if due <= a.state.modSeq {
		missing += int(a.state.modSeq - due + 1)
	}
	if missing > 0 {
		a.wrong(nil, "the change log lacks %d entries between %d and %d", missing, a.state.horizon, a.state.modSeq)
	}
	return nil
}

// threads checks the memory of replies.
func (a *accountVerifier) threads() error {
	bad := 0
	err := a.reader.Scan(kinds(a.id, keyThread, keyThread+1), func(_, value []byte) error {
		if len(value) != 16 || lastU64(value, 1) > a.state.lastID {
			bad++
		}
		return a.ctx.Err()
	})
	if bad > 0 {
		a.wrong(nil, "%d replies have no thread that makes sense", bad)
	}
	return err
}

// copies reads how many instances records have beyond the first.
func (a *accountVerifier) copies() (map[RecordID]uint64, error) {
	extra := make(map[RecordID]uint64)
	err := a.reader.Scan(kinds(a.id, keyCopies, keyCopies+1), func(k, value []byte) error {
		note := make(copyNote)
		if err := note.add(value); err != nil {
			a.found(damage.Finding{Severity: damage.Wrong, What: "a note of copies cannot be read"})
			return nil
		}
		for place, n := range note {
			extra[RecordID(lastU64(k, 2)*copyGroup+uint64(place))] += n
		}
		return a.ctx.Err()
	})
	return extra, err
}

func (a *accountVerifier) nameOf(id MailboxID) string {
	box, _ := a.state.tree.Get(id)
	return box.Name
}

// sortMessages puts the messages in the order of their records.
func (a *accountVerifier) sortMessages() {
	slices.SortFunc(a.messages, func(m, n messageRef) int {
		return cmp.Or(cmp.Compare(m.record, n.record), cmp.Compare(m.mailbox, n.mailbox), cmp.Compare(m.uid, n.uid))
	})
}
