// Package pop3session is what a POP3 client sees of Mailstead: the INBOX of an
// account, as it was when the client logged in.
//
// The maildrop is a version of the mailbox, which never changes, so IMAP
// sessions go on working on the same mailbox. A message that one of them
// expunges meanwhile stays readable for a while; if its content is gone, RETR
// fails for that message alone. One POP3 session at a time has the maildrop;
// the lock lives in the process and ends with the connection.
//
// The unique-id of a message is its instance id, which it keeps through
// restarts and moves between mailboxes, and which no other message ever gets
// (RFC 1939 §7).
package pop3session
