// Package imapserver is an IMAP server's engine: grammar, states and answers of
// RFC 9051 (IMAP4rev2) and RFC 3501 (IMAP4rev1). It knows no mail store: a
// [Backend] gives it a [Session] for each connection.
package imapserver
