package retrieval

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Options are what a Service is made of; all must be set.
type Options struct {
	Directory *directory.Directory
	Mail      *mailstore.Store
	Notes     *maildrop.Store
	// Defaults is the policy of accounts that have none; it must be complete.
	Defaults directory.POP3
	Now      func() time.Time
	Logger   *slog.Logger
}

// A Service knows the maildrops of all accounts. Its methods may be called
// concurrently.
type Service struct {
	Options
	gate *gate
}

// New returns a Service.
func New(o Options) *Service { return &Service{o, newGate()} }

// Policy returns the policy of an account, defaults included.
func (s *Service) Policy(ctx context.Context, id directory.AccountID) (directory.POP3, error) {
	own, err := s.Directory.POP3(ctx, id)
	return own.Or(s.Defaults), err
}

// Bounds returns what holds for all accounts.
func (s *Service) Bounds(ctx context.Context) (directory.POP3Range, error) {
	return s.Directory.POP3Range(ctx, s.Defaults)
}

// A Drop is the maildrop of an account at one moment.
type Drop struct {
	service *Service
	Account *mailstore.Account
	Policy  directory.POP3

	version *mailstore.Version
	notes   *maildrop.Notes
	shown   []imap.SeqNum // in the version; nil if all are
	taken   map[mailstore.InstanceID]bool
}

// Open returns the maildrop of an account, and locks it until Close: it returns
// ErrInUse if another session has it, ErrTooEarly if the pause between logins is
// not over, and mailstore.ErrNoMailbox if the mailbox that the policy names does
// not exist.
func (s *Service) Open(ctx context.Context, id directory.AccountID) (*Drop, error) {
	policy, err := s.Policy(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.gate.enter(id, s.Now(), policy.LoginDelay); err != nil {
		return nil, err
	}
	d, err := s.look(ctx, id, policy)
	if err != nil {
		s.gate.giveUp(id)
	}
	return d, err
}

// Close unlocks a maildrop that Open has returned.
func (d *Drop) Close() { d.service.gate.leave(directory.AccountID(d.Account.ID())) }

// look returns the maildrop of an account without a lock.
func (s *Service) look(ctx context.Context, id directory.AccountID, policy directory.POP3) (*Drop, error) {
	account, err := s.Mail.Account(ctx, mailstore.AccountID(id))
	if err != nil {
		return nil, err
	}
	version, err := openMailbox(ctx, account, policy.Mailbox)
	if err != nil {
		return nil, err
	}
	// The notes are read after the messages: what was hidden in between is
	// not shown, and what has a note is in the version or gone.
	notes, err := s.Notes.Load(ctx, maildrop.AccountID(id))
	if err != nil {
		return nil, err
	}
	d := &Drop{service: s, Account: account, Policy: policy, version: version, notes: notes, taken: takenNatives(notes)}
	d.hide()
	return d, nil
}

func openMailbox(ctx context.Context, account *mailstore.Account, name string) (*mailstore.Version, error) {
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	box, ok := tree.Find(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q, which the POP3 policy names", mailstore.ErrNoMailbox, name)
	}
	return account.Open(ctx, box.ID)
}

// hide lists the messages that are shown, if not all are.
func (d *Drop) hide() {
	hidden := false
	for _, note := range d.notes.All {
		hidden = hidden || note.Hidden
	}
	if !hidden {
		return
	}
	d.shown = make([]imap.SeqNum, 0, d.version.Len())
	for seq, e := range d.version.All() {
		if !d.noteOf(e).Hidden {
			d.shown = append(d.shown, seq)
		}
	}
}

func (d *Drop) noteOf(e mailstore.Entry) maildrop.Note {
	return d.notes.Of(maildrop.MessageID(e.Instance()))
}

// Len returns the number of messages.
func (d *Drop) Len() int {
	if d.shown != nil {
		return len(d.shown)
	}
	return int(d.version.Len())
}

// Entry returns message n, which is from 1 to Len.
func (d *Drop) Entry(n int) mailstore.Entry {
	if d.shown != nil {
		return d.version.At(d.shown[n-1])
	}
	return d.version.At(imap.SeqNum(n))
}

// AppendUID appends the unique-id of message n.
func (d *Drop) AppendUID(dst []byte, n int) []byte {
	e := d.Entry(n)
	if d.notes.Len() > 0 {
		if uid := d.noteOf(e).UID; uid != "" {
			return append(dst, uid...)
		}
	}
	return appendNative(dst, e.Instance(), d.taken)
}
