package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// A request is a command that is running.
type request struct {
	tag  string
	name string // with "UID " before it if it was
	uid  bool   // the command speaks of UIDs
	// complete says that the command has been read to its end.
	complete bool
	// answered says that the tagged response has been sent.
	answered bool
	// lowest is the UID down to which the command went, if there were more
	// messages than one may process (RFC 9738).
	lowest imap.UID
	// code and text go with OK.
	code imap.Code
	text string
}

func (req *request) okText() string {
	if req.text != "" {
		return req.text
	}
	return req.name + completedText
}

// kind returns what the numbers of the command are.
func (req *request) kind() imap.NumKind {
	if req.uid {
		return imap.NumUID
	}
	return imap.NumSeq
}

// polling says when a command tells of changes in the selected mailbox.
type polling uint8

const (
	pollAll   polling = iota // before its end
	pollKeep                 // as pollAll, but expunges must wait (RFC 9051 §7.5.1)
	pollNever                // it leaves or changes the state, or polls itself
)

// A command is an entry of the command table.
type command struct {
	states states
	poll   polling
	run    func(c *conn, ctx context.Context, req *request) error
}

// lookup returns the command of that name.
func lookup(name string) (command, bool) {
	switch name {
	// Any state (RFC 9051 §6.1).
	case "CAPABILITY":
		return command{anyState, pollAll, (*conn).capability}, true
	case "NOOP":
		return command{anyState, pollAll, (*conn).noop}, true
	case "LOGOUT":
		return command{anyState, pollNever, (*conn).logout}, true
	case "LANGUAGE":
		return command{anyState, pollAll, (*conn).setLanguage}, true
	case "ID":
		return command{anyState, pollAll, (*conn).id}, true
	// Not authenticated state (§6.2).
	case "STARTTLS":
		return command{notAuthenticated, pollNever, (*conn).startTLS}, true
	case "AUTHENTICATE":
		return command{notAuthenticated, pollNever, (*conn).authenticate}, true
	case "LOGIN":
		return command{notAuthenticated, pollNever, (*conn).login}, true
	}
	if cmd, ok := lookupMailbox(name); ok {
		return cmd, true
	}
	if cmd, ok := lookupSort(name); ok {
		return cmd, true
	}
	if cmd, ok := lookupMessage(name); ok {
		return cmd, true
	}
	if cmd, ok := lookupConnection(name); ok {
		return cmd, true
	}
	return lookupSelected(name)
}

// lookupMailbox returns the commands of the authenticated state (§6.3).
func lookupMailbox(name string) (command, bool) {
	cmd := command{states: loggedIn}
	switch name {
	case "ENABLE":
		cmd.run = (*conn).enable
	case "COMPARATOR":
		cmd.run = (*conn).comparator
	case "SELECT":
		cmd.run, cmd.poll = (*conn).selectMailbox, pollNever
	case "EXAMINE":
		cmd.run, cmd.poll = (*conn).selectMailbox, pollNever
	case "CREATE":
		cmd.run = (*conn).create
	case "DELETE":
		cmd.run = (*conn).delete
	case "RENAME":
		cmd.run = (*conn).rename
	case "SUBSCRIBE":
		cmd.run = (*conn).subscribe
	case "UNSUBSCRIBE":
		cmd.run = (*conn).unsubscribe
	case "LIST":
		cmd.run = (*conn).list
	case "LSUB":
		cmd.run = (*conn).lsub
	case "NAMESPACE":
		cmd.run = (*conn).namespace
	case "STATUS":
		cmd.run = (*conn).mailboxStatus
	case "SETACL":
		cmd.run = (*conn).setACL
	case "DELETEACL":
		cmd.run = (*conn).deleteACL
	case "GETACL":
		cmd.run = (*conn).getACL
	case "LISTRIGHTS":
		cmd.run = (*conn).listRights
	case "MYRIGHTS":
		cmd.run = (*conn).myRights
	case "GETQUOTA":
		cmd.run = (*conn).getQuota
	case "GETQUOTAROOT":
		cmd.run = (*conn).getQuotaRoot
	case "SETQUOTA":
		cmd.run = (*conn).setQuota
	case "GETMETADATA":
		cmd.run = (*conn).getMetadata
	case "SETMETADATA":
		cmd.run = (*conn).setMetadata
	case "NOTIFY":
		cmd.run = (*conn).notify
	case "APPEND":
		cmd.run = (*conn).append
	case "ESEARCH":
		cmd.run = (*conn).esearch
	case "IDLE":
		cmd.run, cmd.poll = (*conn).idle, pollNever
	}
	return cmd, cmd.run != nil
}

// lookupSelected returns the commands of the selected state (§6.4).
func lookupSelected(name string) (command, bool) {
	cmd := command{states: selected}
	switch name {
	case "CHECK":
		cmd.run = (*conn).noop
	case "CLOSE", "UNSELECT":
		cmd.run, cmd.poll = (*conn).closeMailbox, pollNever
	case "EXPUNGE", "UID EXPUNGE":
		cmd.run, cmd.poll = (*conn).expunge, pollNever
	case "UIDBATCHES":
		cmd.run = (*conn).uidBatches
	case "CANCELUPDATE":
		cmd.run = (*conn).cancelUpdate
	case "SEARCH":
		cmd.run, cmd.poll = (*conn).search, pollKeep
	case "UID SEARCH":
		cmd.run = (*conn).search
	case "FETCH":
		cmd.run, cmd.poll = (*conn).fetch, pollKeep
	case "UID FETCH":
		cmd.run = (*conn).fetch
	case "STORE":
		cmd.run, cmd.poll = (*conn).store, pollKeep
	case "UID STORE":
		cmd.run = (*conn).store
	case "COPY", "UID COPY":
		cmd.run = (*conn).copy
	case "MOVE", "UID MOVE":
		cmd.run, cmd.poll = (*conn).move, pollNever
	}
	return cmd, cmd.run != nil
}

// run parses the head of a command and runs it.
func (c *conn) run(ctx context.Context, req *request) error {
	if err := c.readHead(req); err != nil {
		return err
	}
	c.running = req.name
	cmd, ok := lookup(req.name)
	if !ok || c.off != nil && !c.offers(capabilityOf(req.name)) {
		return errUnknownCommand
	}
	if cmd.states&c.state == 0 {
		return imap.Bad(req.name + badStateText)
	}
	if c.enabled.uidOnly && speaksOfSeqs(req.name) {
		return errUIDRequired
	}
	if c.listening {
		ctx = c.session.(NotifySession).Mark(ctx)
	}
	err := cmd.run(c, ctx, req)
	c.tellLimit(req, err != nil)
	if c.state&loggedIn == 0 || cmd.poll == pollNever || c.broken != nil {
		return err
	}
	if pollErr := c.poll(ctx, PollOptions{KeepExpunged: cmd.poll == pollKeep}); err == nil {
		err = pollErr
	}
	return err
}

// readHead reads the tag and the name.
func (c *conn) readHead(req *request) error {
	tag, err := c.r.Tag()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	req.tag = tag
	name, err := c.r.Keyword()
	if err != nil {
		return err
	}
	if req.uid = string(name) == "UID"; !req.uid {
		req.name = commandName(name)
		return nil
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if name, err = c.r.Keyword(); err != nil {
		return err
	}
	req.name = "UID " + string(name)
	return nil
}

// commandName returns the name of a command; the frequent ones for nothing.
func commandName(b []byte) string {
	switch string(b) {
	case "FETCH":
		return "FETCH"
	case "STORE":
		return "STORE"
	case "NOOP":
		return "NOOP"
	case "IDLE":
		return "IDLE"
	}
	return string(b)
}

// end checks that the command ends here: what follows may act on it.
func (c *conn) end(req *request) error {
	if err := c.r.End(); err != nil {
		return err
	}
	req.complete = true
	return nil
}

// numSet takes the sequence set of a command: "$" stands for the search result
// variable (RFC 9051 §6.4.4.1).
func (c *conn) numSet(req *request) (imap.NumSet, error) {
	if c.offers("SEARCHRES") && c.r.Accept('$') {
		return imap.NumSetOf(c.saved), nil
	}
	return c.r.NumSet(req.kind())
}

// mailbox takes a space and a mailbox name.
func (c *conn) mailbox() (string, error) {
	if err := c.r.SP(); err != nil {
		return "", err
	}
	return c.r.Mailbox(c.opts.Delimiter)
}

var errReadOnly = &imap.Error{Type: imap.StatusNo, Code: imap.CodeReadOnly, Text: "Mailbox is read-only"}

// writeMode is what the codec does with 8-bit characters, by what is enabled.
func (c *conn) writeMode() {
	utf8 := c.enabled.utf8
	c.r.UTF8, c.w.UTF8 = utf8, utf8
}
