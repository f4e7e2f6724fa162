package crashtest

import (
	"fmt"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
)

// login returns an IMAP client of an account.
func (c *client) login(account string) (*imapclient.Client, error) {
	conn, err := c.dial("imap")
	if err != nil {
		return nil, err
	}
	i, err := imapclient.New(c.ctx, conn, imapclient.Options{})
	if err != nil {
		return nil, err
	}
	if err := i.Login(c.ctx, account, c.Target.Password); err != nil {
		i.Close()
		return nil, err
	}
	return i, nil
}

// fill appends letters to mailboxes, one or several by one command.
func (c *client) fill() error {
	account := c.account()
	i, err := c.login(account)
	if err != nil {
		return err
	}
	defer i.Close()
	for range perSession {
		box := c.Ledger.anyBox(account, c.random)
		err := c.append(i, box)
		c.Ledger.leave(box)
		if err != nil {
			return err
		}
	}
	return i.Logout(c.ctx)
}

func (c *client) append(i *imapclient.Client, box *Mailbox) error {
	at := place{box: box, flags: c.flags()}
	letters := make([]*Letter, 1+c.random.IntN(6)/3*c.random.IntN(4))
	list := make([]imapclient.Appending, len(letters))
	for n := range letters {
		letter, text := c.Ledger.newLetter(box.account, c.random)
		letters[n] = letter
		list[n] = imapclient.Appending{Options: imap.AppendOptions{Flags: flagList(at.flags)}, Size: int64(len(text)), Content: strings.NewReader(text)}
	}
	op := c.Ledger.arrive("APPEND", letters, at)
	data, err := i.AppendAll(c.ctx, c.Ledger.name(box), list...)
	if err == nil && data != nil {
		c.Ledger.gained(box, data.UIDs, letters)
	}
	return c.conclude(op, err)
}

// flags returns some of our flags, in order.
func (c *client) flags() string {
	var list []string
	for n := range 4 {
		if c.random.IntN(3) == 0 {
			list = append(list, fmt.Sprintf("k%d", n))
		}
	}
	return strings.Join(list, " ")
}

func flagList(flags string) []imap.Flag {
	var list []imap.Flag
	for _, f := range strings.Fields(flags) {
		list = append(list, imap.Flag(f))
	}
	return list
}

// sortMail opens a mailbox and copies, moves, marks and removes what is in it.
func (c *client) sortMail() error {
	account := c.account()
	i, err := c.login(account)
	if err != nil {
		return err
	}
	defer i.Close()
	box := c.Ledger.anyBox(account, c.random)
	defer c.Ledger.leave(box)
	seen, err := c.Ledger.look(i, c, box)
	if err != nil {
		return err
	}
	for range perSession {
		if err := c.sortTurn(i, seen); err != nil {
			return err
		}
	}
	return i.Logout(c.ctx)
}

func (c *client) sortTurn(i *imapclient.Client, seen *view) error {
	if len(seen.numbers) > 40 {
		return c.expunge(i, seen, 15)
	}
	n := 1 + c.random.IntN(4)
	switch c.random.IntN(5) {
	case 0:
		return c.copy(i, seen, n)
	case 1:
		return c.move(i, seen, n)
	case 2:
		return c.expunge(i, seen, n)
	}
	return c.mark(i, seen, n)
}

var sightOptions = &imap.FetchOptions{
	Items: imap.FetchUID | imap.FetchFlags | imap.FetchModSeq,
	Sections: []imap.BodySection{{
		Text: "HEADER.FIELDS", Fields: []string{tokenField}, Peek: true,
	}},
}

// look selects a mailbox, notes all that it shows, and returns it.
func (l *Ledger) look(i *imapclient.Client, c *client, box *Mailbox) (*view, error) {
	seen, floor := l.view(box), l.floor(box)
	data, err := i.Select(c.ctx, l.name(box), imapclient.SelectOptions{CondStore: true})
	if err != nil {
		return nil, err
	}
	l.selected(box, floor, data)
	if data.Messages == 0 {
		return seen, nil
	}
	list, err := i.FetchAll(c.ctx, everything, sightOptions)
	for _, m := range list {
		if m.Sections == nil {
			continue // told unasked, of flags that others have changed
		}
		seen.numbers[l.saw(box, m)] = m.UID
	}
	return seen, err
}

// everything is 1:* in UIDs.
var everything = imap.NumSetOf(imap.UIDSet{{Start: 1, Stop: 1<<32 - 1}})

func (c *client) copy(i *imapclient.Client, seen *view, n int) error {
	target := c.Ledger.anyBox(seen.box.account, c.random)
	defer c.Ledger.leave(target)
	var letters []*Letter
	op, uids := c.Ledger.take("COPY", seen, n, func(was *Copy) []move {
		if c.Ledger.holds(target, was.letter) {
			return nil
		}
		letters = append(letters, was.letter)
		return []move{
			{copy: was, before: was.at, after: was.at},
			{copy: &Copy{letter: was.letter}, after: place{target, was.at.flags}},
		}
	})
	if op == nil {
		return nil
	}
	data, err := i.Copy(c.ctx, imap.NumSetOf(uids), c.Ledger.name(target))
	return c.placed(op, target, data, err)
}

func (c *client) move(i *imapclient.Client, seen *view, n int) error {
	target := c.Ledger.anyBox(seen.box.account, c.random)
	defer c.Ledger.leave(target)
	op, uids := c.Ledger.take("MOVE", seen, n, func(was *Copy) []move {
		if c.Ledger.holds(target, was.letter) {
			return nil
		}
		return []move{{copy: was, before: was.at, after: place{target, was.at.flags}}}
	})
	if op == nil {
		return nil
	}
	data, err := i.Move(c.ctx, imap.NumSetOf(uids), c.Ledger.name(target))
	return c.placed(op, target, data, err)
}

// placed ends a COPY or MOVE.
func (c *client) placed(op *Op, target *Mailbox, data *imap.CopyData, err error) error {
	if err == nil && data != nil {
		c.Ledger.gained(target, data.Dest, c.Ledger.inOrder(op, data.Source, target))
	}
	return c.conclude(op, err)
}

func (c *client) mark(i *imapclient.Client, seen *view, n int) error {
	flags := c.flags()
	op, uids := c.Ledger.take("STORE", seen, n, func(was *Copy) []move {
		return []move{{copy: was, before: was.at, after: place{seen.box, flags}}}
	})
	if op == nil {
		return nil
	}
	_, _, err := i.Store(c.ctx, imap.NumSetOf(uids), &imap.StoreOp{Flags: flagList(flags), Silent: true})
	return c.conclude(op, err)
}

func (c *client) expunge(i *imapclient.Client, seen *view, n int) error {
	op, uids := c.Ledger.take("EXPUNGE", seen, n, func(was *Copy) []move {
		return []move{{copy: was, before: was.at}}
	})
	if op == nil {
		return nil
	}
	_, _, err := i.Store(c.ctx, imap.NumSetOf(uids), &imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true})
	if err == nil {
		err = i.Expunge(c.ctx, uids)
	}
	return c.conclude(op, err)
}
