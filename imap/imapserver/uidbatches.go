package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A Batcher is a Session with FeatureUIDBatches: it tells which UIDs stand
// where in the selected mailbox (RFC 10022).
type Batcher interface {
	// Messages returns how many messages the view has.
	Messages() imap.SeqNum
	// UIDAt returns the UID of one of them.
	UIDAt(seq imap.SeqNum) imap.UID
}

// Bounds of UIDBATCHES.
const (
	minBatch   = 500    // messages in a batch
	maxBatches = 10_000 // in an answer
)

// Errors of UIDBATCHES.
var (
	errBatchTooSmall  = imap.No(imap.CodeTooFew, "Batches must have at least 500 messages")
	errBatchTooLarge  = imap.No(imap.CodeLimit, "Batches must not be larger than MESSAGELIMIT")
	errTooManyBatches = imap.No(imap.CodeTooMany, "Too many batches")
	errBatchRange     = &imap.Error{Type: imap.StatusBad, Code: imap.CodeClientBug, Text: "Batches are counted from the newest"}
)

// A batchRequest is the arguments of UIDBATCHES.
type batchRequest struct {
	size        uint32
	first, last uint32 // batches, from the newest
	all         bool   // no range was given
}

// uidBatches runs UIDBATCHES: UIDs that cut the mailbox into batches of equal
// size, the newest first (RFC 10022).
func (c *conn) uidBatches(_ context.Context, req *request) error {
	if c.opts.Features&FeatureUIDBatches == 0 {
		return errUnknownCommand
	}
	b, err := c.batchRequest()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	box := c.session.(Batcher)
	if err := b.check(c.opts.MessageLimit, uint32(box.Messages())); err != nil {
		return err
	}
	writeBatches(c.w, req.tag, b.ranges(box))
	return nil
}

// batchRequest takes a size and perhaps a range.
func (c *conn) batchRequest() (b batchRequest, err error) {
	if err = c.r.SP(); err != nil {
		return b, err
	}
	if b.size, err = c.r.NZNumber(); err != nil {
		return b, err
	}
	if b.all = !c.r.Accept(' '); b.all {
		return b, nil
	}
	if b.first, err = c.r.NZNumber(); err != nil {
		return b, err
	}
	if err = c.r.Expect(':'); err != nil {
		return b, err
	}
	b.last, err = c.r.NZNumber()
	return b, err
}

// check refuses what is not answered, and makes the range definite.
func (b *batchRequest) check(limit, messages uint32) error {
	if b.all {
		b.first, b.last = 1, max(1, (messages+b.size-1)/b.size)
	}
	switch {
	case b.size < minBatch && (limit == 0 || limit >= minBatch):
		return errBatchTooSmall
	case limit != 0 && b.size > limit:
		return errBatchTooLarge
	case b.first > b.last:
		return errBatchRange
	case b.last-b.first >= maxBatches:
		return errTooManyBatches
	}
	return nil
}

// ranges returns the batches that were asked for. They leave no gap: each
// begins right below the one before, and the last of the mailbox ends at 1.
func (b *batchRequest) ranges(box Batcher) []imap.Range[imap.UID] {
	var list []imap.Range[imap.UID]
	n := uint64(box.Messages())
	for i := uint64(b.first); i <= uint64(b.last) && (i-1)*uint64(b.size) < n; i++ {
		r := imap.Range[imap.UID]{Start: 1, Stop: box.UIDAt(imap.SeqNum(n))}
		if i > 1 {
			r.Stop = box.UIDAt(imap.SeqNum(n-(i-1)*uint64(b.size)+1)) - 1
		}
		if used := i * uint64(b.size); used < n {
			r.Start = box.UIDAt(imap.SeqNum(n - used + 1))
		}
		list = append(list, r)
	}
	return list
}

// writeBatches writes the UIDBATCHES response, the higher UID first.
func writeBatches(w *imapwire.Writer, tag string, list []imap.Range[imap.UID]) {
	w.Raw("* UIDBATCHES (TAG ")
	w.String(tag)
	w.Byte(')')
	for i, r := range list {
		if i == 0 {
			w.SP()
		} else {
			w.Byte(',')
		}
		w.Number(uint64(r.Stop))
		w.Byte(':')
		w.Number(uint64(r.Start))
	}
	w.CRLF()
}
