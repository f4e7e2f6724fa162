// Package retrieval is what happens to mail that is taken over POP3: which
// messages an account shows, under which unique-ids, what becomes of those that
// are deleted or left on the server, and how unique-ids come from another server.
//
// # The maildrop
//
// A [Drop] is one mailbox of an account, INBOX unless its policy names another,
// without the messages that POP3 has hidden. It is a version of the mailbox,
// which never changes, with the notes as they were.
//
// One session at a time has it. The lock lives in memory, as does the pause
// between logins.
//
// # Unique-ids
//
// A message's unique-id is the one that was imported for it, or else its
// instance id, which it keeps through restarts and moves. Where an imported
// unique-id looks like the instance id of another message, that other one gets
// a longer form, so that no two messages ever share one (RFC 1939 §7).
//
// # Time on the server
//
// With a limit of days, the days count from the QUIT of the session that first
// downloaded the message (RFC 2449 §6.7 leaves the start to the server). What no
// POP3 client has downloaded is never removed: IMAP may be its only reader.
// Upkeep does with a message whose time is up what DELE would do.
package retrieval
