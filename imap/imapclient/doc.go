// Package imapclient is an IMAP client for tests and tools: IMAP4rev1 and
// IMAP4rev2 over package imapwire.
//
// It does one command at a time and returns when the tagged response has come.
// What the server says unasked is told to [Options.Update].
//
// It is strict, so that it finds the corner cases of a server: a response that
// does not follow the grammar, that names a message which is not there, or
// that comes where the RFC forbids it (EXPUNGE during FETCH, RFC 9051 §7.5.1)
// ends the connection with an error. It is bounded: a response line and what is
// held in memory of a literal have limits; message content can be streamed.
//
// # Caveats
//
// A Client is for one goroutine. After an error that is not an *imap.Error it
// can only be closed.
package imapclient
