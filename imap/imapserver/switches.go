package imapserver

import (
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// A Client is who is at the other end, as far as that is known.
type Client struct {
	// ID has the names and values in turn that the client has sent by ID
	// (RFC 2971); nil before that.
	ID []string
	// User is who has logged in, as the session says; empty before that.
	User string
}

// Value returns what the client says of itself under a name, in any case.
func (c *Client) Value(name string) string {
	for i := 0; i+1 < len(c.ID); i += 2 {
		if strings.EqualFold(c.ID[i], name) {
			return c.ID[i+1]
		}
	}
	return ""
}

// A UserSession says who has logged in, for [Client.User].
type UserSession interface{ User() string }

// applySwitches asks what this client is not offered. It is called whenever more
// is known of the client.
func (c *conn) applySwitches() {
	if c.server.opts.Without == nil {
		return
	}
	client := Client{ID: c.clientID}
	if u, ok := c.session.(UserSession); ok && c.state != notAuthenticated {
		client.User = u.User()
	}
	opts := c.server.opts
	c.off = make(map[string]bool)
	for _, name := range opts.Without(client) {
		c.off[strings.ToUpper(name)] = true
	}
	if c.off["CONDSTORE"] {
		c.off["QRESYNC"] = true // which needs it (RFC 7162 §3.2.3)
	}
	for i := range mailCapabilities {
		a := &mailCapabilities[i]
		if c.off[strings.ToUpper(a.name)] {
			opts.Features &^= a.gives
		}
	}
	c.opts = &opts
}

// offers reports whether a capability is on for this client.
func (c *conn) offers(capability string) bool { return !c.off[strings.ToUpper(capability)] }

// capabilityOf returns the capability that a command needs and that no feature
// of the sessions stands for; empty if it can always be used.
func capabilityOf(command string) string {
	switch command {
	case "IDLE", "NAMESPACE", "UNSELECT", "MOVE", "ENABLE", "ID", "UNAUTHENTICATE", "UIDBATCHES":
		return command
	case "UID MOVE":
		return "MOVE"
	case "UID EXPUNGE":
		return "UIDPLUS"
	case "COMPRESS":
		return "COMPRESS=DEFLATE"
	case "SETQUOTA":
		return "QUOTASET"
	case "COMPARATOR":
		return "I18NLEVEL=2"
	}
	return ""
}

// capabilityOfKey is the same for a search key.
func capabilityOfKey(name string) string {
	switch name {
	case "OLDER", "YOUNGER":
		return "WITHIN"
	case "MODSEQ":
		return "CONDSTORE"
	case "FILTER":
		return "FILTERS"
	}
	return ""
}

// capabilityOfResults is the same for the word RETURN of a search.
func capabilityOfResults(command string) string {
	switch command {
	case "SEARCH", "UID SEARCH":
		return "ESEARCH"
	case "SORT", "UID SORT":
		return "ESORT"
	}
	return ""
}

// capabilityOfContext is the same for searches that are kept up to date.
func capabilityOfContext(command string) string {
	switch command {
	case "SORT", "UID SORT":
		return "CONTEXT=SORT"
	}
	return "CONTEXT=SEARCH"
}

// capabilityOfCriterion is the same for a criterion of SORT.
func capabilityOfCriterion(name string) string {
	switch name {
	case "DISPLAYFROM", "DISPLAYTO":
		return "SORT=DISPLAY"
	}
	return ""
}

// capabilityOfAttr is the same for an attribute of LIST.
func capabilityOfAttr(a imap.MailboxAttr) string {
	switch a {
	case imap.AttrHasChildren, imap.AttrHasNoChildren:
		return "CHILDREN"
	}
	if _, use := a.SpecialUse(); use {
		return "SPECIAL-USE"
	}
	return ""
}

// capabilityOfReturn is the same for a return option of LIST.
func capabilityOfReturn(name string) string {
	switch name {
	case "STATUS", "MYRIGHTS", "METADATA":
		return "LIST-" + name
	case "SPECIAL-USE":
		return name
	}
	return ""
}
