package crashtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
)

// A finding is what a server has after a restart.
type finding struct {
	boxes map[*Mailbox]map[string][]string // flags of each copy, by token
	away  map[string]bool                  // tokens in the queue or at the next hop
}

// Check looks at all that a server has, which has started and has no other
// clients. It compares that with the ledger, makes the ledger say what is there,
// and returns what is wrong, in all checks so far.
func (l *Ledger) Check(ctx context.Context, t Target) error {
	f := finding{boxes: make(map[*Mailbox]map[string][]string)}
	for _, account := range l.accounts {
		if err := l.inspect(ctx, t, account, f); err != nil {
			return fmt.Errorf("checking %s: %w", account, err)
		}
	}
	if err := l.lookAway(ctx, t, &f); err != nil {
		return fmt.Errorf("checking the queue: %w", err)
	}
	l.compare(f)
	if all := l.Failures(); len(all) > 0 {
		return fmt.Errorf("%d failures:\n%s", len(all), strings.Join(all[:min(len(all), 20)], "\n"))
	}
	return nil
}

// inspect finds all mailboxes of an account and what is in them.
func (l *Ledger) inspect(ctx context.Context, t Target, account string, f finding) error {
	c := &client{Load: &Load{Ledger: l, Target: t}, ctx: ctx}
	i, err := c.login(account)
	if err != nil {
		return err
	}
	defer i.Close()
	list, err := i.List(ctx, "", "*")
	if err != nil {
		return err
	}
	var names []string
	for _, one := range list {
		names = append(names, one.Mailbox)
	}
	l.settleNames(account, names)
	for _, box := range slices.Clone(l.boxes[account]) {
		if f.boxes[box], err = l.inspectBox(c, i, box); err != nil {
			return fmt.Errorf("%s: %w", box, err)
		}
	}
	return i.Logout(ctx)
}

// settleNames finds out what has become of operations on mailboxes, and wants
// there to be those that the ledger has.
func (l *Ledger) settleNames(account string, names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := func(name string) bool { return slices.Contains(names, name) }
	for _, op := range l.openOps() {
		if len(op.names) == 0 || op.names[0].box.account != account {
			continue
		}
		n := op.names[0]
		done := n.after == "" && !has(n.before) || n.after != "" && has(n.after)
		if done == has(n.before) && n.before != "" {
			l.failLocked("%s: %s of %q to %q was done by halves: there are %q", account, op.what, n.before, n.after, names)
		}
		l.tally.InDoubt++
		l.settle(op, func(move) bool { return done }, done)
	}
	for _, b := range l.boxes[account] {
		if !has(b.name) {
			l.failLocked("%s is gone: there are %q", b, names)
		}
	}
	for _, name := range names {
		if isBox(name) && !slices.ContainsFunc(l.boxes[account], func(b *Mailbox) bool { return b.name == name }) {
			l.failLocked("%s/%s should not be there", account, name)
		}
	}
}

var wholeOptions = &imap.FetchOptions{
	Items:    imap.FetchUID | imap.FetchFlags | imap.FetchModSeq,
	Sections: []imap.BodySection{{Peek: true}},
}

// inspectBox reads all messages of a mailbox.
func (l *Ledger) inspectBox(c *client, i *imapclient.Client, box *Mailbox) (map[string][]string, error) {
	floor := l.floor(box)
	data, err := i.Select(c.ctx, box.name, imapclient.SelectOptions{CondStore: true})
	if err != nil {
		return nil, err
	}
	l.selected(box, floor, data)
	found := make(map[string][]string)
	if data.Messages == 0 {
		return found, nil
	}
	err = i.Fetch(c.ctx, everything, wholeOptions, imapclient.FetchHandler{Message: func(m *imapclient.Message) error {
		token := l.inspectMessage(box, m)
		found[token] = append(found[token], flagsOf(m.Flags, ours))
		return nil
	}})
	return found, err
}

// inspectMessage wants a message to be whole and its numbers not to have gone
// backwards. It returns its token.
func (l *Ledger) inspectMessage(box *Mailbox, m *imapclient.Message) string {
	l.mu.Lock()
	if was := l.sights.of(box).messages[m.UID]; was != nil && m.ModSeq < was.newest {
		l.failLocked("%s: MODSEQ of UID %d was %d and is %d", box, m.UID, was.newest, m.ModSeq)
	}
	l.mu.Unlock()
	token := l.saw(box, m)
	if err := l.verify(token, m.Sections["BODY[]"]); err != nil {
		l.failf("%s: UID %d: %v", box, m.UID, err)
	}
	return token
}

// verify wants a text to be the letter with a token.
func (l *Ledger) verify(token string, text []byte) error {
	l.mu.Lock()
	letter := l.letters[token]
	l.mu.Unlock()
	if letter == nil {
		return fmt.Errorf("nobody has sent %q", text[:min(len(text), 500)])
	}
	if err := letter.check(text); err != nil {
		return fmt.Errorf("%s: %w", token, err)
	}
	return nil
}

// lookAway finds what is in the queue or has come to the next hop.
func (l *Ledger) lookAway(ctx context.Context, t Target, f *finding) (err error) {
	if f.away, err = t.queued(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for token := range l.journeys {
		f.away[token] = true
	}
	return nil
}

// compare settles the operations in doubt and looks for every copy.
func (l *Ledger) compare(f finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Checked++
	for _, op := range l.openOps() {
		l.settleBy(op, f)
	}
	expected := make(map[*Mailbox]map[string]bool)
	for c := range l.copies {
		if expected[c.at.box] == nil {
			expected[c.at.box] = make(map[string]bool)
		}
		expected[c.at.box][c.letter.Token] = true
		if !f.has(c, c.at) {
			l.failLocked("%s is not at %s but at %s", c.letter.Token, c.at, f.where(c))
		}
	}
	for box, found := range f.boxes {
		for token := range found {
			if !expected[box][token] {
				l.failLocked("%s: %s should not be there", box, token)
			}
		}
	}
	for token := range f.away {
		if !expected[l.away][token] {
			l.failLocked("%s should not be on its way", token)
		}
	}
}

// settleBy ends an operation in doubt by what is found.
func (l *Ledger) settleBy(op *Op, f finding) {
	l.tally.InDoubt++
	done, undone := 0, 0
	settled := func(m move) bool {
		left := m.before.box == nil || m.before.box == m.after.box || !f.has(m.copy, m.before)
		return left && f.has(m.copy, m.after)
	}
	for _, m := range op.moves {
		switch {
		case m.before == m.after:
		case settled(m):
			done++
		default:
			undone++
			l.wantUnseen(op, m)
		}
	}
	if done > 0 && undone > 0 {
		l.failLocked("%s was done by halves: of %s, ... %d copies have changed, %d have not", op.what, op.moves[0].copy.letter.Token, done, undone)
	}
	l.settle(op, settled, false)
}

// wantUnseen wants that nobody has been shown a letter that has not arrived
// after all.
func (l *Ledger) wantUnseen(op *Op, m move) {
	if m.before.box != nil || m.after.box == nil || op.within != nil {
		return
	}
	for uid, s := range l.sights.of(m.after.box).messages {
		if s.token == m.copy.letter.Token {
			l.failLocked("%s: %s was shown as UID %d and is lost", m.after.box, s.token, uid)
		}
	}
}

// has reports whether a copy is at a place, once.
func (f *finding) has(c *Copy, at place) bool {
	token := c.letter.Token
	if at.box == nil {
		return true
	}
	if found, ok := f.boxes[at.box]; ok {
		return len(found[token]) == 1 && found[token][0] == at.flags
	}
	return at.box.account == "" && f.away[token]
}

// where tells in which places a letter was found.
func (f *finding) where(c *Copy) string {
	var list []string
	for box, found := range f.boxes {
		for _, flags := range found[c.letter.Token] {
			list = append(list, place{box, flags}.String())
		}
	}
	return fmt.Sprint(list)
}
