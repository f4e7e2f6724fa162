package imap

// A MailboxScope says which mailboxes a MailboxFilter means (RFC 5465 §6,
// RFC 7377 §2.2).
type MailboxScope uint8

// Scopes of mailboxes.
const (
	// ScopeSelected is the mailbox that is selected.
	ScopeSelected MailboxScope = iota
	// ScopeInboxes is the mailboxes that mail may be delivered to.
	ScopeInboxes
	// ScopePersonal is all mailboxes of the personal namespace.
	ScopePersonal
	// ScopeSubscribed is all mailboxes that are subscribed.
	ScopeSubscribed
	// ScopeMailboxes is the mailboxes of the given names.
	ScopeMailboxes
	// ScopeSubtree is these and all below, ScopeSubtreeOne these and their
	// children.
	ScopeSubtree
	ScopeSubtreeOne
)

// A MailboxFilter means some of the mailboxes that a user can see.
type MailboxFilter struct {
	Scope MailboxScope
	// Names go with the last three scopes.
	Names []string
}
