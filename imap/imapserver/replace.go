package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A ReplaceSession can put a message in the place of another (RFC 8508).
type ReplaceSession interface {
	// Replace removes the one message that set names from the selected
	// mailbox and stores the message that msgs yields, in one step: both or
	// neither. What Session.Append says of msgs holds. Only what the account
	// stores afterwards counts for its quota. The next Poll tells.
	Replace(ctx context.Context, set imap.NumSet, mailbox string, msgs *AppendReader) (*imap.AppendData, error)
}

// lookupMessage returns the commands of extensions that make or name messages.
func lookupMessage(name string) (command, bool) {
	switch name {
	case "REPLACE", "UID REPLACE":
		return command{selected, pollNever, (*conn).replace}, true
	case "GENURLAUTH":
		return command{loggedIn, pollAll, (*conn).genURLAuth}, true
	case "RESETKEY":
		return command{loggedIn, pollAll, (*conn).resetKey}, true
	case "URLFETCH":
		return command{loggedIn, pollAll, (*conn).urlFetch}, true
	}
	return command{}, false
}

// replace runs REPLACE and UID REPLACE (RFC 8508 §3).
func (c *conn) replace(ctx context.Context, req *request) error {
	if c.opts.Features&FeatureReplace == 0 {
		return errUnknownCommand
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	set, err := c.r.NumSet(req.kind())
	if err != nil {
		return err
	}
	if len(set.Ranges) != 1 || set.Ranges[0].First != set.Ranges[0].Last {
		return imapwire.Syntax("one message expected")
	}
	mailbox, err := c.mailbox()
	if err != nil {
		return err
	}
	if c.readOnly {
		return errReadOnly
	}
	a := &appender{c: c, req: req, single: true}
	data, err := a.run(ctx, func(msgs *AppendReader) (*imap.AppendData, error) {
		return c.session.(ReplaceSession).Replace(ctx, set, mailbox, msgs)
	})
	if err != nil {
		return err
	}
	// The client should know the new UID before it hears that the old one is
	// gone (RFC 8508 §4.3).
	if data != nil && len(data.UIDs) > 0 {
		c.status("*", imap.StatusOK, imap.CodeAppendUID(data), "Replacement message ready")
	}
	return c.pollExpunged(ctx, req, true)
}

var errUnknownCommand = imap.Bad("Unknown command")
