package mailstore

import (
	"context"
	"errors"
)

// A Quota is what an account may store. In each of its numbers zero means no
// limit, and NothingMore that nothing may be added.
type Quota struct {
	Bytes     int64
	Messages  int64
	Mailboxes int64
}

// NothingMore as a number of a Quota means that nothing may be added.
const NothingMore = -1

// Usage is what an account stores. Copies count each.
type Usage struct {
	Bytes    int64
	Messages int64
}

// A Use is what an account stores of what it may.
type Use struct {
	Usage
	Mailboxes int64
	// Quota has no more mailboxes than any account can have.
	Quota Quota
}

// exceeds reports whether n is more than a number of a quota allows.
func exceeds(n, limit int64) bool { return limit != 0 && n > max(limit, 0) }

// admits reports whether that much more may be stored beside usage.
func (q Quota) admits(usage Usage, messages, bytes int64) bool {
	return (bytes == 0 || !exceeds(usage.Bytes+bytes, q.Bytes)) &&
		(messages == 0 || !exceeds(usage.Messages+messages, q.Messages))
}

// Usage returns what the account stores.
func (a *Account) Usage(ctx context.Context) (Usage, error) {
	s, err := a.committed(ctx)
	if err != nil {
		return Usage{}, err
	}
	return s.usage, nil
}

// Quota returns what the account may store.
func (a *Account) Quota() Quota { return a.store.options.Quota(a.id) }

// Admit returns ErrOverQuota if the account may not store that much more, as
// things are now: what stores it asks again.
func (a *Account) Admit(ctx context.Context, messages, bytes int64) error {
	usage, err := a.Usage(ctx)
	if err == nil && !a.Quota().admits(usage, messages, bytes) {
		err = ErrOverQuota
	}
	return err
}

// OverQuota reports whether the account stores more than it may: its quota may
// have been lowered.
func (a *Account) OverQuota(ctx context.Context) (bool, error) {
	s, err := a.committed(ctx)
	if err != nil {
		return false, err
	}
	q := a.Quota()
	return exceeds(s.usage.Bytes, q.Bytes) || exceeds(s.usage.Messages, q.Messages) ||
		exceeds(int64(s.tree.Len()), q.Mailboxes), nil
}

// Use returns what an account stores, which is nothing if it has not been made
// yet, and what it may.
func (s *Store) Use(ctx context.Context, id AccountID) (Use, error) {
	u := Use{Quota: s.options.Quota(id)}
	if q := &u.Quota.Mailboxes; *q == 0 || *q > int64(s.options.MaxMailboxes) {
		*q = int64(s.options.MaxMailboxes)
	}
	a := &Account{store: s, id: id}
	state, err := a.committed(ctx)
	if errors.Is(err, ErrNoAccount) {
		return u, nil
	}
	if err != nil {
		return u, err
	}
	u.Usage, u.Mailboxes = state.usage, int64(state.tree.Len())
	return u, nil
}

// admit returns ErrOverQuota if the account may not store that much more.
func (t *tx) admit(messages, bytes int64) error {
	if !t.store.options.Quota(t.account.id).admits(t.next.usage, messages, bytes) {
		return ErrOverQuota
	}
	return nil
}

// admitMailbox returns an error if the account may not have that many
// mailboxes. Those that it begins with are beyond any quota.
func (t *tx) admitMailbox(count int) error {
	switch {
	case count > t.store.options.MaxMailboxes:
		return ErrTooMany
	case !t.founding && exceeds(int64(count), t.store.options.Quota(t.account.id).Mailboxes):
		return ErrOverQuota
	}
	return nil
}
