package imap

// NotifyEvents is a set of the events of NOTIFY (RFC 5465 §5).
type NotifyEvents uint16

// Events. AnnotationChange is of an extension that nobody has.
const (
	EventMessageNew NotifyEvents = 1 << iota
	EventMessageExpunge
	EventFlagChange
	EventMailboxName
	EventSubscriptionChange
	EventMailboxMetadataChange
	EventServerMetadataChange

	// MessageEvents are those that happen to messages.
	MessageEvents = EventMessageNew | EventMessageExpunge | EventFlagChange
)

// CodeBadEvent is the code of a NOTIFY that asks for an event that is not
// supported: it lists those that are (RFC 5465 §3.1).
const CodeBadEvent Code = "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange " +
	"MailboxMetadataChange ServerMetadataChange)"

// CodeNotificationOverflow says that NOTIFY asks for too much, or that the
// server gives up and acts as after NOTIFY NONE (RFC 5465 §3.1 and §5.8).
const CodeNotificationOverflow Code = "NOTIFICATIONOVERFLOW"

// A NotifyScope says which mailboxes a NotifyGroup means (RFC 5465 §6).
type NotifyScope uint8

// Scopes. The selected mailbox has a place of its own in NotifyOptions.
const (
	NotifyPersonal   NotifyScope = iota + 1 // those in the personal namespace
	NotifyInboxes                           // those of them that get mail
	NotifySubscribed                        // all that are subscribed
	NotifySubtree                           // those named, and those below
	NotifyMailboxes                         // those named
	NotifyEverywhere                        // all that can be seen; not in the protocol
)

// A NotifyGroup says which events in which mailboxes are told.
type NotifyGroup struct {
	Scope     NotifyScope
	Mailboxes []string // of NotifySubtree and NotifyMailboxes
	Events    NotifyEvents
}

// NotifyOptions is what NOTIFY SET asks for.
type NotifyOptions struct {
	// Status asks for a STATUS response for each mailbox whose messages are
	// watched, at once.
	Status bool
	// Groups are about all mailboxes; of messages in the selected one
	// Selected speaks alone (RFC 5465 §3.1).
	Groups []NotifyGroup
	// Selected has the events of messages in the selected mailbox.
	Selected NotifyEvents
	// Delayed says that expunges there wait for a command that may tell of
	// them (RFC 5465 §6.1.2).
	Delayed bool
	// New is what is fetched of new messages there; nil is nothing.
	New *FetchOptions
}
