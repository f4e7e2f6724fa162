package mailstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Delivery is a message for one recipient.
type Delivery struct {
	Account AccountID
	// Mailbox is the name of the mailbox, INBOX if empty. A mailbox that
	// does not exist is made if Create is set; else, or if it cannot be
	// made, the message goes to INBOX.
	Mailbox      string
	Create       bool
	Flags        []imap.Flag
	InternalDate time.Time // now if zero
	// Prefix is put in front of the content for this recipient: whole
	// header fields, at most MaxPrefix bytes.
	Prefix []byte
}

// A Delivered is what became of one Delivery. If Err is nil the message is
// stored; else nothing of this Delivery is.
type Delivered struct {
	Account     AccountID
	Mailbox     MailboxID
	UIDValidity imap.UIDValidity
	UID         imap.UID
	ModSeq      imap.ModSeq
	Instance    InstanceID
	Err         error // ErrOverQuota, say; others are not affected
}

// Deliver stores a message for all its recipients, and whatever also adds to
// the batch, in one durable batch. also may be nil, and may be called again if
// the batch has to be built again. An error means that nothing is stored for
// anybody; what concerns one recipient stands in his Delivered, of which there
// is one per Delivery, in the same order. Accounts that do not exist are made.
// The content stays the caller's to discard.
//
// If the records of the recipients exceed what a batch can hold (that takes
// hundreds of them) several batches are used, and also is in the first. Then an
// early one may be stored and a later one fail: the error is in the Delivered
// of those it concerns.
func (s *Store) Deliver(ctx context.Context, c *Content, to []Delivery, also func(*storage.Batch)) ([]Delivered, error) {
	d := &delivering{store: s, content: c, to: to, done: make([]Delivered, len(to))}
	for i := range to {
		d.done[i].Account = to[i].Account
	}
	groups := d.groups()
	for i, group := range groups {
		rest := func(*storage.Batch) {}
		if i == 0 && also != nil {
			rest = also
		}
		err := d.deliver(ctx, group, rest)
		if errors.Is(err, ErrNoAccount) {
			if err = d.createAccounts(ctx, group); err == nil {
				err = d.deliver(ctx, group, rest)
			}
		}
		if err != nil {
			if i == 0 {
				return nil, err
			}
			d.failFrom(groups[i:], err)
			return d.done, nil
		}
	}
	return d.done, nil
}

// delivering is one call of Deliver. Deliveries are named by their index.
type delivering struct {
	store   *Store
	content *Content
	to      []Delivery
	done    []Delivered
	blob    storage.BlobID
	link    key // of the first recipient of the batch that is being built
	anchor  key // such a link that is stored, with the blob; or nil
}

// groups divides the deliveries, in order of account, into what goes into one
// batch. Without deliveries there is one empty group.
func (d *delivering) groups() [][]int {
	order := make([]int, len(d.to))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d.to[a].Account, d.to[b].Account) })
	var groups [][]int
	start, size := 0, len(d.content.memory)
	for i, which := range order {
		// A page, a mailbox record and the rest come to at most 8 KB.
		need := 8<<10 + min(len(d.content.encoded)+len(d.to[which].Prefix), maxRecord)
		if size+need > storage.MaxBatchSize-(512<<10) {
			groups = append(groups, order[start:i])
			start, size = i, 0
		}
		size += need
	}
	return append(groups, order[start:])
}

// deliver stores the message for one group of recipients.
func (d *delivering) deliver(ctx context.Context, group []int, also func(*storage.Batch)) error {
	err := d.store.run(ctx, job{
		accounts: d.accounts(group),
		prepare: func(b *storage.Batch) error {
			d.prepare(b)
			also(b)
			return nil
		},
		build: func(u *update) error { return d.build(u, group) },
	})
	if err == nil && d.anchor == nil {
		d.anchor = d.link
	}
	if !errors.Is(err, errNobody) {
		return err
	}
	// Nobody takes the message: the blob must not be stored, the rest must.
	b := d.store.storage.NewBatch()
	if also(b); b.Empty() {
		return nil
	}
	return storage.Commit(d.store.storage, b)
}

// createAccounts makes the accounts of a group that do not exist.
func (d *delivering) createAccounts(ctx context.Context, group []int) error {
	for _, id := range d.accounts(group) {
		if _, err := d.store.Account(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// errNobody says that no recipient of a batch takes the message.
var errNobody = errors.New("mailstore: nobody takes the message")

// accounts returns the accounts of a group, each once, rising.
func (d *delivering) accounts(group []int) []AccountID {
	ids := make([]AccountID, len(group))
	for i, which := range group {
		ids[i] = d.to[which].Account
	}
	return slices.Compact(ids)
}

// prepare puts the blob into the first batch that succeeds, and makes later
// ones depend on it.
func (d *delivering) prepare(b *storage.Batch) {
	if d.anchor != nil {
		b.Assert(d.anchor, []byte{})
		return
	}
	d.blob = d.content.AppendTo(b)
}

// build stores the message for one group of recipients.
func (d *delivering) build(u *update, group []int) error {
	d.link = nil
	for _, which := range group {
		i, _ := slices.BinarySearchFunc(u.txs, d.to[which].Account, func(t *tx, id AccountID) int {
			return cmp.Compare(t.account.id, id)
		})
		done, err := u.txs[i].deliver(&d.to[which], d.content, d.blob)
		if err != nil {
			return err
		}
		d.done[which] = done
		if done.Err == nil && d.link == nil {
			d.link = linkKey(d.blob, done.Account, RecordID(done.Instance))
		}
	}
	if d.link == nil && d.anchor == nil {
		return errNobody
	}
	return nil
}

// failFrom notes for the recipients of groups why they have not got the
// message.
func (d *delivering) failFrom(groups [][]int, err error) {
	for _, group := range groups {
		for _, which := range group {
			d.done[which] = Delivered{Account: d.to[which].Account, Err: err}
		}
	}
}

// deliver stores a message for one recipient. The error is about all.
func (t *tx) deliver(to *Delivery, c *Content, blob storage.BlobID) (Delivered, error) {
	done := Delivered{Account: to.Account}
	e, err := t.deliveryTarget(to)
	if err != nil {
		return done, err
	}
	rows, err := e.store([]incoming{{
		blob:         blob,
		content:      c,
		prefix:       to.Prefix,
		flags:        to.Flags,
		internalDate: orNow(to.InternalDate, t.now),
	}})
	if isPersonal(err) {
		done.Err = err
		return done, nil
	}
	if err != nil {
		return done, err
	}
	done.Mailbox, done.UIDValidity = e.box.ID, e.box.UIDValidity
	done.UID, done.ModSeq, done.Instance = rows[0].uid, rows[0].modSeq, rows[0].instance
	return done, nil
}

// isPersonal reports whether an error concerns one recipient alone.
func isPersonal(err error) bool {
	for _, personal := range [...]error{
		ErrOverQuota, ErrBadFlag, ErrTooManyKeywords, ErrTooLarge, ErrUIDsExhausted,
	} {
		if errors.Is(err, personal) {
			return true
		}
	}
	return false
}

// deliveryTarget finds the mailbox that a message goes to.
func (t *tx) deliveryTarget(to *Delivery) (*edit, error) {
	if to.Mailbox != "" {
		if name, err := CheckName(to.Mailbox); err == nil {
			if id, ok := t.lookup(name); ok {
				return t.edit(id)
			}
			if to.Create {
				if e, err := t.create(name, nil); err == nil {
					return e, nil
				}
			}
		}
	}
	id, ok := t.lookup(imap.Inbox)
	if !ok {
		return nil, ErrNoMailbox
	}
	return t.edit(id)
}
