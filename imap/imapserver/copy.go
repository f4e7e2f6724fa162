package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// copy runs COPY and UID COPY (RFC 9051 §6.4.7).
func (c *conn) copy(ctx context.Context, req *request) error {
	set, dest, err := c.copyArguments(req)
	if err != nil {
		return err
	}
	if err := c.checkSave(set); err != nil {
		return err
	}
	data, err := c.session.Copy(ctx, set, dest)
	if err != nil {
		return err
	}
	if data != nil && len(data.Dest) > 0 && c.offers("UIDPLUS") {
		req.code = imap.CodeCopyUID(data)
	}
	return nil
}

// move runs MOVE and UID MOVE (RFC 9051 §6.4.8). COPYUID goes out before the
// messages vanish (RFC 6851 §4.3).
func (c *conn) move(ctx context.Context, req *request) error {
	set, dest, err := c.copyArguments(req)
	if err != nil {
		return err
	}
	if c.readOnly {
		return errReadOnly
	}
	if set, err = c.limit(req, set, ""); err != nil {
		return err
	}
	data, err := c.session.Move(ctx, set, dest)
	if err != nil {
		return err
	}
	moved := data != nil && len(data.Dest) > 0
	if moved && c.offers("UIDPLUS") {
		c.status("*", imap.StatusOK, imap.CodeCopyUID(data), "Moved")
	}
	return c.pollExpunged(ctx, req, moved)
}

// copyArguments takes a set and the name of a mailbox.
func (c *conn) copyArguments(req *request) (set imap.NumSet, dest string, err error) {
	if err = c.r.SP(); err != nil {
		return set, "", err
	}
	if set, err = c.numSet(req); err != nil {
		return set, "", err
	}
	if dest, err = c.mailbox(); err != nil {
		return set, "", err
	}
	return set, dest, c.end(req)
}

// expunge runs EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3 and §6.4.9).
func (c *conn) expunge(ctx context.Context, req *request) error {
	var set *imap.NumSet
	if req.uid {
		if err := c.r.SP(); err != nil {
			return err
		}
		uids, err := c.numSet(req)
		if err != nil {
			return err
		}
		set = &uids
	}
	if err := c.end(req); err != nil {
		return err
	}
	if c.readOnly {
		return errReadOnly
	}
	if set != nil {
		uids, err := c.limit(req, *set, imap.FlagDeleted)
		if err != nil {
			return err
		}
		set = &uids
	}
	removed, err := c.session.Expunge(ctx, set)
	if err != nil {
		return err
	}
	return c.pollExpunged(ctx, req, removed)
}

// pollExpunged tells of what a command removed, and with QRESYNC the new
// mod-sequence (RFC 7162 §3.2.7).
func (c *conn) pollExpunged(ctx context.Context, req *request, removed bool) error {
	if err := c.poll(ctx, PollOptions{}); err != nil {
		return err
	}
	if removed && c.enabled.qresync && !c.noModSeq {
		req.code = imap.CodeHighestModSeq(c.session.HighestModSeq())
	}
	return nil
}
