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
// Annotations (RFC 5464) are the mail store's, but for three: the shared ones of
// the server come from the configuration, and a mailbox's special uses are its
// /private/specialuse (RFC 6154 §4).
package imapsession
