package delivery

import (
	"context"
	"log/slog"
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
	// Taker delivers what the queue need not keep waiting; without one,
	// everything waits. It may be set later than the others, but before
	// anything is delivered.
	Taker Taker
	// Lifetime is how long delivery to other servers is tried.
	Lifetime time.Duration
	// Hostname is our name, in reports. Without one, nobody is told of a
	// success.
	Hostname string
	// Logger hears of reports that could not be delivered; default
	// discards.
	Logger *slog.Logger
	Now    func() time.Time
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
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
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
	// NotBefore is when the message may be delivered at the earliest; until
	// then it waits in the queue. Zero is now.
	NotBefore time.Time

	// Deliver sets what follows. QueueID is under which the message waits
	// for those whom the queue serves; 0 if there are none. Told are the
	// recipients here of whose success the sender was told.
	QueueID queue.ID
	Told    []Local
}

// Recipients are who gets a message, here and elsewhere.
type Recipients struct {
	Local   []Local
	Foreign []Foreign
	// Later are accounts of ours that get it by the queue, because they
	// cannot have it now.
	Later []Local
}

// A Local is a recipient in our house.
type Local struct {
	directory.Destination
	Options smtp.RcptOptions
}

// A Foreign is a recipient in another house.
type Foreign struct {
	Address address.Address
	Options smtp.RcptOptions
}

// Add adds what the address of an envelope came to. An account and a foreign
// address get a message once, however many addresses lead there. Of those that
// one address leads to, only the first reports a success (RFC 3461 §5.2.7.3).
func (r *Recipients) Add(found directory.Recipient, opts smtp.RcptOptions) {
	for _, d := range found.Local {
		if !r.hasLocal(d.Account) {
			r.Local = append(r.Local, Local{d, opts})
			opts.Notify = withoutSuccess(opts.Notify)
		}
	}
	for _, a := range found.Foreign {
		r.AddForeign(a, opts)
		opts.Notify = withoutSuccess(opts.Notify)
	}
}

// withoutSuccess keeps a sender who wants to hear of nothing but success from
// hearing of failures.
func withoutSuccess(n smtp.Notify) smtp.Notify {
	if n == smtp.NotifySuccess {
		return smtp.NotifyNever
	}
	return n &^ smtp.NotifySuccess
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

// HasNobody reports whether failures leave nobody with the message, neither in
// a mailbox nor in the queue: then the client may be told to come again.
func (r *Recipients) HasNobody(failures []Failure) bool {
	return len(failures) == len(r.Local) && len(r.Foreign)+len(r.Later) == 0
}

// Deliver stores a message for all its recipients, durably. An error is about
// all of them. Failures are about single accounts; all others have the message.
// A sender who wants to hear of a success is told.
func (d *Deliverer) Deliver(ctx context.Context, m *Message) ([]Failure, error) {
	if m.NotBefore.After(d.Now()) {
		m.Recipients.Later = append(m.Recipients.Later, m.Recipients.Local...)
		m.Recipients.Local = nil
	}
	header, err := d.headerToReport(m)
	if err != nil {
		return nil, err
	}
	failures, err := d.deliver(ctx, m)
	if err == nil {
		d.reportSuccess(ctx, m, header, failures)
	}
	return failures, err
}

func (d *Deliverer) deliver(ctx context.Context, m *Message) (failures []Failure, err error) {
	r := &m.Recipients
	if len(r.Foreign)+len(r.Later) == 0 {
		return d.local(ctx, m, nil)
	}
	q, err := d.newQueueing(m)
	if err != nil {
		return nil, err
	}
	defer q.discard()
	if len(r.Local) == 0 {
		b := d.Store.NewBatch()
		q.add(b)
		if err = storage.Commit(d.Store, b); err == nil {
			d.Delivered(0, len(r.Foreign)+len(r.Later))
		}
	} else {
		failures, err = d.local(ctx, m, q.add)
	}
	q.settle(err)
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
	d.Delivered(len(done)-len(failures), len(m.Recipients.Foreign)+len(m.Recipients.Later))
	return failures, nil
}
