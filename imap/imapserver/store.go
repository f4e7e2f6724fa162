package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// store runs STORE and UID STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3).
func (c *conn) store(ctx context.Context, req *request) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	set, err := c.numSet(req)
	if err != nil {
		return err
	}
	var op imap.StoreOp
	if err := c.storeOp(&op); err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if op.Flags, err = storable(op.Flags); err != nil {
		return err
	}
	if c.readOnly {
		return errReadOnly
	}
	if set, err = c.limit(req, set, ""); err != nil {
		return err
	}
	op.NewestFirst = req.lowest != 0
	if op.Conditional {
		c.enableCondStore()
	}
	w := &StoreWriter{w: c.w, enabled: &c.enabled, op: &op, uid: req.uid}
	data, err := c.session.Store(ctx, w, set, &op)
	if err != nil || data == nil || len(data.ModifiedUIDs) == 0 {
		return err
	}
	req.text = "Conditional STORE failed for some"
	req.code = imap.CodeModified(data.ModifiedSeqs)
	if req.uid {
		req.code = imap.CodeModified(data.ModifiedUIDs)
	}
	return nil
}

// storeOp takes modifiers, the data item and the flags.
func (c *conn) storeOp(op *imap.StoreOp) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	if c.r.Peek('(') {
		if err := c.storeModifiers(op); err != nil {
			return err
		}
		if err := c.r.SP(); err != nil {
			return err
		}
	}
	if c.r.Accept('+') {
		op.Action = imap.StoreAdd
	} else if c.r.Accept('-') {
		op.Action = imap.StoreRemove
	}
	item, err := c.r.Keyword()
	if err != nil {
		return err
	}
	switch string(item) {
	case "FLAGS":
	case "FLAGS.SILENT":
		op.Silent = true
	default:
		return imapwire.Syntax("unknown data item")
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if c.r.Peek('(') {
		op.Flags, err = c.r.FlagList()
	} else {
		op.Flags, err = c.r.Flags()
	}
	return err
}

// storeModifiers takes "(UNCHANGEDSINCE n)".
func (c *conn) storeModifiers(op *imap.StoreOp) error {
	return c.r.List(func() (err error) {
		if !c.offers("CONDSTORE") || !c.r.AcceptWord("UNCHANGEDSINCE") {
			return imapwire.Syntax("unknown modifier of STORE")
		}
		if err := c.r.SP(); err != nil {
			return err
		}
		op.Conditional = true
		op.UnchangedSince, err = c.r.ModSeq(true)
		return err
	})
}
