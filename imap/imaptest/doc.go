// Package imaptest is a test kit for IMAP: a mail store in memory that serves
// the engine of package imapserver, so that engine and client can be tested
// without a real one. It is small and slow, does all that a Session must, and
// keeps nothing.
package imaptest
