package retrieval

import (
	"context"
	"errors"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

const day = 24 * time.Hour

// Expire does with messages whose time on the server is up what their account's
// policy says of deleted ones, and returns how many there were. An account that
// fails holds up no other.
func (s *Service) Expire(ctx context.Context) (int64, error) {
	var total int64
	var failures error
	for id := maildrop.AccountID(0); ; {
		next, ok, err := s.Notes.Next(ctx, id)
		if err != nil || !ok {
			return total, errors.Join(failures, err)
		}
		id = next
		n, err := s.expireAccount(ctx, directory.AccountID(id))
		if err != nil {
			s.Logger.Error("time on the server not looked after", "account", uint64(id), "err", err)
			failures = errors.Join(failures, err)
		}
		total += n
	}
}

func (s *Service) expireAccount(ctx context.Context, id directory.AccountID) (int64, error) {
	if s.gate.inUse(id) {
		return 0, nil // the client has been told what there is; the next round will do
	}
	if _, err := s.Directory.Account(ctx, id); errors.Is(err, directory.ErrNotFound) {
		return 0, nil // it is being removed
	} else if err != nil {
		return 0, err
	}
	policy, err := s.Policy(ctx, id)
	if err != nil {
		return 0, err
	}
	d, err := s.look(ctx, id, policy)
	if errors.Is(err, mailstore.ErrNoMailbox) {
		return 0, nil // POP3 shows nothing, and nothing is downloaded
	}
	if err != nil {
		return 0, err
	}
	due := d.due()
	if err := d.remove(ctx, due); err != nil {
		return 0, err
	}
	return int64(len(due)), d.prune(ctx)
}

// due returns the messages whose time is up.
func (d *Drop) due() []mailstore.Entry {
	if d.Policy.LeaveDays <= 0 {
		return nil
	}
	last := d.service.Now().Add(-time.Duration(d.Policy.LeaveDays) * day)
	var list []mailstore.Entry
	for n := 1; n <= d.Len(); n++ {
		e := d.Entry(n)
		if at := d.noteOf(e).Retrieved; !at.IsZero() && !at.After(last) {
			list = append(list, e)
		}
	}
	return list
}

// spareNotes is how many notes of messages that are gone are not worth a look
// through all mailboxes.
const spareNotes = 1000

// prune removes the notes of messages that the account has no more, when there
// must be many of them.
func (d *Drop) prune(ctx context.Context) error {
	usage, err := d.Account.Usage(ctx)
	if err != nil || int64(d.notes.Len()) <= usage.Messages+spareNotes {
		return err
	}
	alive, consistent, err := d.instances(ctx)
	if err != nil || !consistent {
		return err // the next round tries again
	}
	var dead []maildrop.MessageID
	for id, note := range d.notes.All {
		// What an imported unique-id keeps others from using stays.
		if _, native := nativeID(note.UID); !native && !alive[mailstore.InstanceID(id)] {
			dead = append(dead, id)
		}
	}
	return d.service.Notes.Change(ctx, maildrop.AccountID(d.Account.ID()), dead,
		func(_ maildrop.MessageID, n *maildrop.Note) { *n = maildrop.Note{} })
}

// instances returns all messages of the account. It is consistent if nothing
// was changed meanwhile, so that no message was missed on its way from one
// mailbox to another.
func (d *Drop) instances(ctx context.Context) (alive map[mailstore.InstanceID]bool, consistent bool, err error) {
	before, err := d.Account.Mailboxes(ctx)
	if err != nil {
		return nil, false, err
	}
	alive = make(map[mailstore.InstanceID]bool)
	for box := range before.All() {
		version, err := d.Account.Open(ctx, box.ID)
		if err != nil {
			return nil, false, err
		}
		for _, e := range version.All() {
			alive[e.Instance()] = true
		}
	}
	after, err := d.Account.Mailboxes(ctx)
	return alive, err == nil && sameMessages(before, after), err
}

// sameMessages reports whether no mailbox has changed between two trees.
func sameMessages(before, after *mailstore.Tree) bool {
	if before.Len() != after.Len() {
		return false
	}
	for box := range before.All() {
		now, ok := after.Get(box.ID)
		if !ok || now.HighestModSeq != box.HighestModSeq {
			return false
		}
	}
	return true
}
