package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// A Target is a server under load.
type Target struct {
	// Dial connects to a service: smtp, submission, lmtp, imap or pop3, in the
	// clear.
	Dial     func(service string) (net.Conn, error)
	Admin    *admin.Client
	Password string // of all accounts
}

// A Load is clients that are at work together.
type Load struct {
	Ledger *Ledger
	Target Target
	// MayRefuse, if set, says which refusals are right. Without it none is.
	MayRefuse func(error) bool
	// Chores are done beside, again and again.
	Chores []func(context.Context) error
}

// A client is one of them: what it does in turns, over connections that end
// with the load.
type client struct {
	*Load
	random *rand.Rand
	ctx    context.Context
}

// Run lets clients work until ctx is done. What they do follows from the seed,
// but for the order in which the server comes to it.
func (l *Load) Run(ctx context.Context, seed uint64) {
	var running sync.WaitGroup
	defer running.Wait()
	for i, work := range l.works() {
		c := &client{Load: l, random: rand.New(rand.NewPCG(seed, uint64(i))), ctx: ctx}
		running.Go(func() {
			for ctx.Err() == nil {
				c.do(work)
			}
		})
	}
}

// RunOnce lets each client work a little, one after the other. If they are told
// the same, they do the same.
func (l *Load) RunOnce(ctx context.Context, seed uint64) {
	c := &client{Load: l, random: rand.New(rand.NewPCG(seed, 0)), ctx: ctx}
	for _, work := range l.works() {
		c.do(work)
	}
}

// do works, and notes what must not fail.
func (c *client) do(work func(*client) error) {
	if err := work(c); err != nil && c.ctx.Err() == nil && !c.excused(err) {
		c.Ledger.failf("a client: %v", err)
	}
}

// works are what clients do, one of them each.
func (l *Load) works() []func(*client) error {
	list := []func(*client) error{
		(*client).deliver, (*client).deliver, (*client).deliverLMTP, (*client).submit, (*client).submit,
		(*client).fill, (*client).sortMail, (*client).sortMail, (*client).keepMailboxes, (*client).popMail,
		(*client).watchQueue,
	}
	for _, chore := range l.Chores {
		list = append(list, func(c *client) error { return chore(c.ctx) })
	}
	return list
}

// excused reports whether an error is no failure of the server's.
func (l *Load) excused(err error) bool {
	l.Ledger.mu.Lock()
	defer l.Ledger.mu.Unlock()
	return l.Ledger.frozen || l.Ledger.dying || l.MayRefuse != nil && l.MayRefuse(err)
}

// dial connects to a service, until the load ends.
func (c *client) dial(service string) (net.Conn, error) {
	conn, err := c.Target.Dial(service)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(c.ctx, func() { conn.Close() })
	return conn, nil
}

// account returns one of the accounts.
func (c *client) account() string { return c.accounts(1)[0] }

// accounts returns up to n of the accounts, at least one.
func (c *client) accounts(n int) []string {
	list := slices.Clone(c.Ledger.accounts)
	c.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+c.random.IntN(min(n, len(list)))]
}

// conclude ends an operation with what the server has said, which it returns.
// If it has said nothing, the operation stays open.
func (c *client) conclude(op *Op, err error) error {
	switch {
	case err == nil:
		c.Ledger.acknowledge(op)
	case refused(err):
		c.Ledger.refuse(op)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op.what, err)
	}
	return nil
}

// Temporary reports whether a refusal is one that a client takes for a trouble
// of the server which will pass.
func Temporary(err error) bool {
	var (
		byIMAP *imap.Error
		bySMTP *smtpclient.ReplyError
		byPOP3 *pop3.Error
	)
	switch {
	case errors.As(err, &byIMAP):
		return byIMAP.Type == imap.StatusNo && slices.Contains(troubles, byIMAP.Code)
	case errors.As(err, &bySMTP):
		return slices.Contains([]int{421, 451, 452, 454}, bySMTP.Reply.Code)
	case errors.As(err, &byPOP3):
		return byPOP3.Code == pop3.CodeTemporary
	}
	return errors.Is(err, errRetry)
}

// troubles are the codes of RFC 9051 §7.1 and RFC 5530 §3 that say so.
var troubles = []imap.Code{imap.CodeUnavailable, imap.CodeServerBug, imap.CodeLimit}

// refused reports whether an error is what the server has answered.
func refused(err error) bool {
	var (
		byIMAP *imap.Error
		bySMTP *smtpclient.ReplyError
		byPOP3 *pop3.Error
	)
	return errors.As(err, &byIMAP) && byIMAP.Type != imap.StatusBye || errors.As(err, &bySMTP) || errors.As(err, &byPOP3)
}
