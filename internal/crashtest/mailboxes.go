package crashtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
)

// maxBoxes is how many mailboxes an account has besides INBOX. There are twice
// as many names, so that most are used again.
const maxBoxes = 4

// boxPrefix begins the names of mailboxes that the load makes.
const boxPrefix = "box"

// keepMailboxes makes, renames and removes mailboxes.
func (c *client) keepMailboxes() error {
	account := c.account()
	i, err := c.login(account)
	if err != nil {
		return err
	}
	defer i.Close()
	for range perSession {
		if err := c.mailboxTurn(i, account); err != nil {
			return err
		}
	}
	return i.Logout(c.ctx)
}

func (c *client) mailboxTurn(i *imapclient.Client, account string) error {
	switch c.random.IntN(3) {
	case 0:
		if op := c.Ledger.makeBox(account, c.random); op != nil {
			return c.conclude(op, i.Create(c.ctx, op.names[0].after))
		}
	case 1:
		if op := c.Ledger.renameBox(account, c.random); op != nil {
			return c.conclude(op, i.Rename(c.ctx, op.names[0].before, op.names[0].after))
		}
	default:
		if op := c.Ledger.removeBox(account, c.random); op != nil {
			return c.conclude(op, i.Delete(c.ctx, op.names[0].before))
		}
	}
	return i.Noop(c.ctx)
}

// makeBox begins the making of a mailbox, unless there are enough.
func (l *Ledger) makeBox(account string, random *rand.Rand) *Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, ok := l.freeName(account, random)
	if !ok || len(l.boxes[account]) > maxBoxes || l.frozen {
		return nil
	}
	box := &Mailbox{account: account, taken: true}
	l.boxes[account] = append(l.boxes[account], box)
	return l.beginNaming("CREATE", naming{box, "", name}, nil)
}

// renameBox begins a renaming, if a mailbox is free.
func (l *Ledger) renameBox(account string, random *rand.Rand) *Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, ok := l.freeName(account, random)
	box := l.freeBox(account, random)
	if !ok || box == nil {
		return nil
	}
	return l.beginNaming("RENAME", naming{box, box.name, name}, nil)
}

// removeBox begins the removal of a mailbox with all that is in it.
func (l *Ledger) removeBox(account string, random *rand.Rand) *Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	box := l.freeBox(account, random)
	if box == nil {
		return nil
	}
	var moves []move
	for _, c := range l.inBox(box) {
		moves = append(moves, move{copy: c, before: c.at})
	}
	return l.beginNaming("DELETE", naming{box, box.name, ""}, moves)
}

func (l *Ledger) beginNaming(what string, n naming, moves []move) *Op {
	n.box.taken = true
	n.box.renamed = n.box.renamed || n.before != "" && n.after != ""
	op := &Op{what: what, names: []naming{n}, moves: moves}
	l.beginLocked(op)
	return op
}

// freeName returns a name that no mailbox has or may get.
func (l *Ledger) freeName(account string, random *rand.Rand) (string, bool) {
	name := fmt.Sprintf("%s%d", boxPrefix, random.IntN(2*maxBoxes))
	used := slices.ContainsFunc(l.boxes[account], func(b *Mailbox) bool { return b.name == name })
	for op := range l.open {
		used = used || slices.ContainsFunc(op.names, func(n naming) bool { return n.box.account == account && n.after == name })
	}
	return name, !used
}

// freeBox returns a mailbox that nobody uses, or nil.
func (l *Ledger) freeBox(account string, random *rand.Rand) *Mailbox {
	var free []*Mailbox
	for _, b := range l.boxes[account] {
		if b.name != imap.Inbox && b.users == 0 && !b.taken {
			free = append(free, b)
		}
	}
	if len(free) == 0 || l.frozen {
		return nil
	}
	return free[random.IntN(len(free))]
}

func isBox(name string) bool { return strings.HasPrefix(name, boxPrefix) }
