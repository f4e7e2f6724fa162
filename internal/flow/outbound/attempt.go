package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/smtp"
)

// A session is a connection over which one parcel after the other can be sent.
type session interface {
	// send sends a parcel to those recipients whose indexes are given.
	send(ctx context.Context, p Parcel, recipients []int) sending
	// quit says goodbye and closes the connection, or only closes it.
	quit()
}

// A sending is what came of one transaction.
type sending struct {
	results []Result // for each recipient, in the order given
	// undecided says for each recipient that the result speaks of the
	// connection and not of the message: another place may know better.
	undecided []bool
	// usable says that the connection is ready for the next parcel.
	usable bool
	// stale says that the connection was dead before the transaction
	// began.
	stale bool
}

// try delivers to the open recipients at one place. It uses a connection that
// is idle if there is one that still works.
func (d *delivery) try(ctx context.Context, pl place) {
	for c := d.pool.take(pl); c != nil; c = d.pool.take(pl) {
		if !d.sendOver(ctx, pl, c) {
			return
		}
	}
	if r, failing := d.memory.failing(pl.addr); failing {
		d.settle(r)
		return
	}
	d.tried++
	s, err := d.connect(ctx, pl, d.guarding)
	if err != nil {
		d.failed(ctx, pl, err)
		return
	}
	d.memory.reached(pl.addr)
	d.sendOver(ctx, pl, &pooled{session: s})
}

// sendOver sends to the open recipients over a connection, and keeps or quits
// it. It reports whether the connection turned out to have been dead: that is
// no news about the place, unless the connection was new.
func (d *delivery) sendOver(ctx context.Context, pl place, c *pooled) (stale bool) {
	sent := c.send(ctx, d.parcel, d.open)
	if sent.usable {
		d.pool.give(pl, c)
	} else {
		c.quit()
	}
	if sent.stale && c.uses > 0 {
		return true
	}
	open := slices.Clone(d.open)
	d.open = d.open[:0]
	for i, recipient := range open {
		d.results[recipient] = sent.results[i]
		if sent.undecided[i] {
			d.open = append(d.open, recipient)
		}
	}
	return false
}

// failed gives the open recipients the news that there was no session, and
// remembers it, unless it is our own doing.
func (d *delivery) failed(ctx context.Context, pl place, err error) {
	r := unreachable(pl, err)
	if d.guarding != nil && d.guarding.require && errors.Is(err, errTLS) {
		r.Kind, r.Code = Permanent, codeTLSNeeded
	}
	if isOurFault(err) {
		r = failure(Temporary, codeSystem, fmt.Sprintf("The source address %s is not one of this machine.", pl.from), err)
	} else if ctx.Err() == nil && r.Code != codeSecurity && r.Code != codeTLSNeeded {
		// What one route or domain demands of TLS is no news for the others.
		d.memory.failed(pl.addr, r)
	}
	d.settle(r)
}

// unreachable describes a place to which no session could be opened. It is
// always temporary: even a server that refuses with 554 may have been set up
// wrong for an hour.
func unreachable(pl place, err error) Result {
	var lacking *smtp.Error
	refused, isRefused := asReply(err)
	var r Result
	switch {
	case isRefused:
		r = fromReply(refused)
		r.Kind, r.Remote, r.Err = Temporary, pl.name, err
		r.Code.Class, r.Command = 4, "connect"
	case errors.As(err, &lacking):
		r = failure(Temporary, codeSecurity, lacking.Reply.Text()+".", err)
	case errors.Is(err, errTLS):
		r = failure(Temporary, codeSecurity, fmt.Sprintf("No secure connection to the host %s could be made.", pl.name), err)
	default:
		r = failure(Temporary, codeUnreachable, fmt.Sprintf("The host %s could not be reached.", pl.name), err)
	}
	r.Address, r.Unreached = pl.addr.String(), true
	return r
}

// fromReply turns the reply of a server into a result. A reply without an
// enhanced code gets the one that says no more than its class.
func fromReply(reply smtp.Reply) Result {
	r := Result{Text: reply.String()}
	switch {
	case reply.Code >= 200 && reply.Code < 300:
		r.Kind, r.Code.Class = Accepted, 2
	case reply.Code >= 500 && reply.Code < 600:
		r.Kind, r.Code.Class = Permanent, 5
	default:
		r.Code.Class = 4
	}
	if e := reply.Enhanced; e[0] == r.Code.Class {
		r.Code = dsn.Code{Class: e[0], Subject: e[1], Detail: e[2]}
	}
	return r
}
