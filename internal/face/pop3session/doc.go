// Package pop3session is what a POP3 client sees of Mailstead: one mailbox of an
// account, as it was when the client logged in. What it shows and how it treats
// what is deleted or left is decided by the flow retrieval.
//
// The maildrop is a version of the mailbox, which never changes, so IMAP
// sessions go on working on the same mailbox. A message that one of them
// expunges meanwhile stays readable for a while; if its content is gone, RETR
// fails for that message alone. One POP3 session at a time has the maildrop;
// the lock ends with the connection.
//
// A client that has not asked for UTF-8 mode (RFC 6856) gets messages whose
// header has other characters in the form that package message makes of them.
// Their size is then a little different from what LIST says, which RFC 6858
// §4 allows; all others are sent byte for byte.
package pop3session
