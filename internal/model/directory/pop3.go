package directory

import (
	"context"
	"fmt"
	"time"
)

// A Deletion says what becomes of a message that a POP3 client deletes.
type Deletion string

// The kinds of Deletion. Empty stands for the server's default.
const (
	// Delete removes it for good.
	Delete Deletion = "delete"
	// ToTrash moves it to the mailbox with the special use \Trash.
	ToTrash Deletion = "trash"
	// Hide keeps it where it is, but shows it to POP3 no more: for people
	// who use IMAP on other devices.
	Hide Deletion = "hide"
)

// Values of POP3.LeaveDays beside a number of days.
const (
	// LeaveForever: what stays on the server is never removed.
	LeaveForever = -1
	// LeaveNothing: what was downloaded is removed when the session ends.
	LeaveNothing = -2
)

// NoLoginDelay as POP3.LoginDelay means that logins need no pause.
const NoLoginDelay = -time.Second

// Limits of a POP3 policy.
const (
	MaxLeaveDays  = 100 * 365
	MaxLoginDelay = 24 * time.Hour
)

// A POP3 is what an account's owner sees over POP3, and under which rules. A
// zero field stands for the server's default.
type POP3 struct {
	// Mailbox is the name of the mailbox that is shown.
	Mailbox string `json:",omitempty"`
	// Delete is what DELE leads to.
	Delete Deletion `json:",omitempty"`
	// LeaveDays is how many days a downloaded message may stay (RFC 2449
	// §6.7): a number above zero, LeaveForever or LeaveNothing.
	LeaveDays int `json:",omitempty"`
	// LoginDelay is the least time between logins (RFC 2449 §6.5), in whole
	// seconds, or NoLoginDelay.
	LoginDelay time.Duration `json:",omitempty"`
}

// Or returns the policy with what it leaves open taken from another.
func (p POP3) Or(other POP3) POP3 {
	if p.Mailbox == "" {
		p.Mailbox = other.Mailbox
	}
	if p.Delete == "" {
		p.Delete = other.Delete
	}
	if p.LeaveDays == 0 {
		p.LeaveDays = other.LeaveDays
	}
	if p.LoginDelay == 0 {
		p.LoginDelay = other.LoginDelay
	}
	return p
}

func (p POP3) check() error {
	switch {
	case p.Delete != "" && p.Delete != Delete && p.Delete != ToTrash && p.Delete != Hide:
		return fmt.Errorf("%w: unknown kind of deletion %q", ErrPolicy, p.Delete)
	case p.LeaveDays < LeaveNothing || p.LeaveDays > MaxLeaveDays:
		return fmt.Errorf("%w: %d days on the server", ErrPolicy, p.LeaveDays)
	case p.LoginDelay < NoLoginDelay || p.LoginDelay > MaxLoginDelay || p.LoginDelay%time.Second != 0:
		return fmt.Errorf("%w: a login delay of %v", ErrPolicy, p.LoginDelay)
	}
	return nil
}

// POP3 returns the policy of an account's own, which is zero if it has none.
func (d *Directory) POP3(ctx context.Context, id AccountID) (POP3, error) {
	if err := ctx.Err(); err != nil {
		return POP3{}, err
	}
	policy, _, err := find[POP3](d.store, pop3Key(id))
	return policy, err
}

// SetPOP3 changes the policy of an account's own, and returns what it is now.
// change may be called more than once. It returns ErrPolicy for values that
// make no sense.
func (d *Directory) SetPOP3(ctx context.Context, id AccountID, change func(*POP3)) (POP3, error) {
	var policy POP3
	err := d.change(ctx, func(t *tx) error {
		if _, err := accountByID(t, id); err != nil {
			return err
		}
		var err error
		if policy, _, err = find[POP3](t, pop3Key(id)); err != nil {
			return err
		}
		change(&policy)
		if err := policy.check(); err != nil {
			return err
		}
		if policy == (POP3{}) {
			t.delete(pop3Key(id))
		} else {
			t.set(pop3Key(id), policy)
		}
		return nil
	})
	return policy, err
}

// A POP3Range bounds the policies of all accounts, as a server must announce
// them to a client whose account it does not know yet (RFC 2449 §6.5, §6.7).
type POP3Range struct {
	// LeaveDays is the least time on the server: LeaveNothing, a number of
	// days or LeaveForever.
	LeaveDays int
	// LoginDelay is the longest pause; zero or more.
	LoginDelay time.Duration
	// LeaveVaries and LoginDelayVaries say that accounts differ.
	LeaveVaries, LoginDelayVaries bool
}

// POP3Range returns the bounds of the policies, where accounts without one
// of their own have the defaults, which must be complete and always the same.
func (d *Directory) POP3Range(ctx context.Context, defaults POP3) (POP3Range, error) {
	if err := ctx.Err(); err != nil {
		return POP3Range{}, err
	}
	known := d.memory.Load() // before the store is read, as in Resolve
	if r := known.pop3.Load(); r != nil {
		return *r, nil
	}
	r := POP3Range{LeaveDays: defaults.LeaveDays, LoginDelay: max(defaults.LoginDelay, 0)}
	err := d.store.Scan(wholeSpace(spacePOP3), func(_, value []byte) error {
		policy, err := decode[POP3](value)
		if err != nil {
			return err
		}
		r.include(policy.Or(defaults))
		return nil
	})
	if err == nil {
		known.pop3.Store(&r)
	}
	return r, err
}

func (r *POP3Range) include(p POP3) {
	if p.LeaveDays != r.LeaveDays {
		r.LeaveVaries = true
	}
	if leaves(p.LeaveDays) < leaves(r.LeaveDays) {
		r.LeaveDays = p.LeaveDays
	}
	delay := max(p.LoginDelay, 0)
	if delay != r.LoginDelay {
		r.LoginDelayVaries = true
	}
	r.LoginDelay = max(r.LoginDelay, delay)
}

// leaves puts the values of LeaveDays in order.
func leaves(days int) int {
	switch days {
	case LeaveNothing:
		return 0
	case LeaveForever:
		return MaxLeaveDays + 1
	}
	return days
}
