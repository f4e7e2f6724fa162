// Package imapsession is what an IMAP client sees of Mailstead: the sessions
// of package imapserver, made of the mail store, the directory's accounts and
// the login flow.
//
// # The view
//
// A session that has selected a mailbox holds a view: the version of the
// mailbox that its client has been told of, and nothing else. Versions are
// immutable and shared, so a view costs a pointer, and what a client must
// still hear is the difference between two versions. While expunges may not be
// told (RFC 9051 §7.5.1) the view moves to the latest version with the
// expunged messages kept in it, so that sequence numbers stay as they are.
//
// In the terms of RFC 2180: a message that another session has expunged stays
// in the view until the client is told. FETCH answers it as long as its content
// is still there (§4.1.1), and otherwise answers the rest and ends with NO
// [EXPUNGEISSUED] (§4.1.2). STORE, COPY and MOVE pass over it without an error
// (§4.2.1, §4.4.1). A mailbox that is deleted while it is selected ends the
// connections that have it open with BYE (§3.3); a renamed one stays selected
// (§3.2), for a view knows its mailbox by id.
//
// A flag that the session itself has changed, and has answered to its client,
// is not told again by the next poll: the view remembers the MODSEQ of such
// changes until then.
//
// Header fields, texts to sort by and what THREAD wants are looked up in columns
// (package columns), which have one value of each message of a mailbox in
// memory. They are made when a command looks at much of a mailbox, shared by all
// sessions, and dropped when memory is wanted for others; see [columnist]. With
// columns, SORT and THREAD read no message and compare nothing but numbers.
//
// Without them SORT and THREAD search in the same way as SEARCH does, see
// [crew]: the workers also take what is compared from each hit's record, which
// is read once. SORT by dates or size reads no record at all. Texts are compared
// by the comparator of the session, up to their first 1024 octets.
//
// A client that has said NOTIFY (RFC 5465) may want less than that: then the
// view keeps the messages that the client knows, and notes of which of them the
// flags have changed, until it may tell. Of what happens elsewhere the change
// logs of the accounts tell, from the tree of mailboxes that the client has
// been told of up to the present one; changes that the session itself has made
// are known by their origin and left out.
//
// Annotations (RFC 5464) are the mail store's, but for three: the shared ones of
// the server come from the configuration, and a mailbox's special uses are its
// /private/specialuse (RFC 6154 §4).
//
// # Mailboxes of other accounts
//
// A mailbox can be shared with others (RFC 4314). Below "Other Users/" stand the
// mailboxes of other users, each under its owner's primary address, and below
// "Shared/" those of shared accounts, to which nobody logs in. All commands that
// name a mailbox go through resolve, which finds it by name and asks for rights;
// commands on the selected mailbox ask its view, so that what is taken away is
// gone at the next command. A command that needs more rights than there are
// fails with NOPERM where the right l lets the mailbox be seen, and otherwise as
// if there were no such mailbox.
//
// What RFC 4314 leaves open: the owner has all rights always. The rights of
// others are the union of what they and "anyone" were granted, less what
// negative entries take away. Identifiers are addresses of accounts; aliases are
// no groups. All rights can be given separately; of the letters of RFC 2086, c
// stands for kx and d for et. A new mailbox has the rights of the one above it;
// what somebody else makes at the top of an account needs the right k on its
// INBOX, and has INBOX's rights. Flags are the same for all who see a mailbox,
// \Seen too; \Recent is taken off by whoever has the right s.
//
// # Results
//
// A search begins at the end of the mailbox where the wanted hits are, and stops
// when they are there. A search whose client wants to hear of changes (RFC 5267)
// is kept in the view: each step from one version to the next looks again at
// what is new or has changed, and tells removals before the expunges and
// additions after the new messages, so that each number is valid when it is
// told. See contexts.go and, for those of SORT, contextsort.go.
package imapsession
