// Package maildrop keeps what POP3 knows of messages and the mail itself does
// not: which of them are hidden from POP3, when they were downloaded, and the
// unique-ids (RFC 1939 §7) that they had on another server.
//
// A [Note] belongs to a message of an account, by an id that the message keeps
// wherever it is moved (the mailstore's instance). Most messages have none, and
// most accounts have no note at all: these cost one look into an empty range.
//
// # Invariants
//
//   - [Store.Change] is durable when it returns.
//   - Two changes of one note never lose each other: each asserts what it
//     has read.
//   - A unique-id is in one note of an account at most, and is never given to
//     another message while the note is there.
//
// # Keys
//
//	0x30 account (8) message (8)   note
package maildrop
