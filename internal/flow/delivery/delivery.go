package delivery

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

// Options are what a Deliverer is made of; all but Delivered must be set.
type Options struct {
	Store     storage.Store
	Directory *directory.Directory
	Mail      *mailstore.Store
	Queue     *queue.Queue
	// Wake tells the queue's runner that something is due.
	Wake func()
	// Lifetime is how long delivery to other servers is tried.
	Lifetime time.Duration
	Now      func() time.Time
	// Delivered counts messages put into mailboxes and into the queue, for
	// metrics.
	Delivered func(local, queued int)
}

// A Deliverer delivers messages. Its methods may be called concurrently.
type Deliverer struct{ Options }

// New returns a Deliverer.
func New(o Options) *Deliverer {
	if o.Delivered == nil {
		o.Delivered = func(int, int) {}
	}
	return &Deliverer{o}
}

// A Message is what is to be delivered. The content stays the caller's to
// discard.
type Message struct {
	Content *mailstore.Content
	From    smtp.ReversePath
	Options smtp.MailOptions
	// Trace is put in front of the message: whole fields that end with CRLF.
	Trace []byte
	// Account is the address of the account that submitted the message;
	// zero if it did not come from a user.
	Account    address.Address
	Recipients Recipients
}

// Recipients are who gets a message, here and elsewhere.
type Recipients struct {
	Local   []directory.Destination
	Foreign []Foreign
}

// A Foreign is a recipient in another house.
type Foreign struct {
	Address address.Address
	Options smtp.RcptOptions
}

// Add adds what the address of an envelope came to. An account and a foreign
// address get a message once, however many addresses lead there.
func (r *Recipients) Add(found directory.Recipient, opts smtp.RcptOptions) {
	for _, d := range found.Local {
		if !r.hasLocal(d.Account) {
			r.Local = append(r.Local, d)
		}
	}
	for _, a := range found.Foreign {
		r.AddForeign(a, opts)
	}
}

// AddForeign adds a recipient elsewhere.
func (r *Recipients) AddForeign(a address.Address, opts smtp.RcptOptions) {
	for _, f := range r.Foreign {
		if f.Address == a {
			return
		}
	}
	r.Foreign = append(r.Foreign, Foreign{a, opts})
}

func (r *Recipients) hasLocal(id directory.AccountID) bool {
	for _, d := range r.Local {
		if d.Account == id {
			return true
		}
	}
	return false
}

// A Failure is an account that a message could not be delivered to.
type Failure struct {
	Account directory.AccountID
	Err     error // mailstore.ErrOverQuota
}

// Deliver stores a message for all its recipients, durably. An error is about
// all of them. Failures are about single accounts; all others have the message.
func (d *Deliverer) Deliver(ctx context.Context, m *Message) ([]Failure, error) {
	if len(m.Recipients.Foreign) == 0 {
		return d.local(ctx, m, nil)
	}
	enqueue, discard, err := d.enqueuer(m)
	if err != nil {
		return nil, err
	}
	defer discard()
	var failures []Failure
	if len(m.Recipients.Local) == 0 {
		b := d.Store.NewBatch()
		enqueue(b)
		if err = storage.Commit(d.Store, b); err == nil {
			d.Delivered(0, len(m.Recipients.Foreign))
		}
	} else {
		failures, err = d.local(ctx, m, enqueue)
	}
	if err == nil {
		d.Wake()
	}
	return failures, err
}

// local delivers to the accounts, and commits what also adds.
func (d *Deliverer) local(ctx context.Context, m *Message, also func(*storage.Batch)) ([]Failure, error) {
	now := d.Now()
	to := make([]mailstore.Delivery, len(m.Recipients.Local))
	for i, r := range m.Recipients.Local {
		to[i] = mailstore.Delivery{
			Account:      mailstore.AccountID(r.Account),
			InternalDate: now,
			Prefix:       localPrefix(m, r.Address),
		}
	}
	done, err := d.Mail.Deliver(ctx, m.Content, to, also)
	if err != nil {
		return nil, err
	}
	var failures []Failure
	for i, one := range done {
		if one.Err != nil {
			failures = append(failures, Failure{m.Recipients.Local[i].Account, one.Err})
		}
	}
	d.Delivered(len(done)-len(failures), len(m.Recipients.Foreign))
	return failures, nil
}

// enqueuer returns a function that puts the message for foreign recipients
// into a batch, and one that frees what that needs.
func (d *Deliverer) enqueuer(m *Message) (enqueue func(*storage.Batch), discard func(), err error) {
	content := m.Content
	discard = func() {}
	if len(m.Recipients.Local) > 0 {
		if content, err = m.Content.Duplicate(); err != nil {
			return nil, nil, err
		}
		discard = content.Discard
	}
	now := d.Now()
	queued := queue.Message{
		Sender:   m.From,
		Options:  m.Options,
		Account:  m.Account,
		Prefix:   m.Trace,
		Size:     int64(len(m.Trace)) + content.Size(),
		Received: now,
		Expires:  now.Add(d.Lifetime),
	}
	recipients := make([]queue.Recipient, len(m.Recipients.Foreign))
	for i, f := range m.Recipients.Foreign {
		recipients[i] = queue.Recipient{Address: f.Address, Destination: f.Address.Domain, Options: f.Options}
	}
	if len(m.Trace) > queue.MaxPrefix || len(recipients) > queue.MaxRecipients {
		discard()
		return nil, nil, queue.ErrInvalid
	}
	return func(b *storage.Batch) {
		queued.Blob = content.AppendTo(b)
		if _, err := d.Queue.Add(b, queued, recipients); err != nil {
			panic(err) // what it refuses has been looked at
		}
	}, discard, nil
}

// CheckRoom returns mailstore.ErrOverQuota if a local recipient of a message
// has no room for it.
func (d *Deliverer) CheckRoom(ctx context.Context, m *Message) error {
	for _, r := range m.Recipients.Local {
		size := int64(len(localPrefix(m, r.Address))) + m.Content.Size()
		if err := d.CheckQuota(ctx, r.Account, size); err != nil {
			return err
		}
	}
	return nil
}

// CheckQuota returns mailstore.ErrOverQuota if an account has no room for so
// many bytes more.
func (d *Deliverer) CheckQuota(ctx context.Context, id directory.AccountID, size int64) error {
	account, err := d.Mail.Account(ctx, mailstore.AccountID(id))
	if err != nil {
		return err
	}
	limit := account.Quota()
	if limit == (mailstore.Quota{}) {
		return nil
	}
	usage, err := account.Usage(ctx)
	if err != nil {
		return err
	}
	if limit.Bytes > 0 && usage.Bytes+size > limit.Bytes || limit.Messages > 0 && usage.Messages >= limit.Messages {
		return mailstore.ErrOverQuota
	}
	return nil
}
