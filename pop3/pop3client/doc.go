// Package pop3client is a client of the Post Office Protocol (RFC 1939) with
// CAPA and PIPELINING (RFC 2449), STLS (RFC 2595 §4) and AUTH (RFC 5034), UTF8
// and LANG (RFC 6856).
//
// A Client is a connection and is used by one goroutine at a time. Its methods
// are the commands, each waits for the response. A negative response is a
// *pop3.Error, after which the Client goes on. After any other error, the end
// of a context among them, nobody knows what the server will say next: the
// connection is broken, and every later call returns the same error.
//
// Retrieve and Top stream a message; it must be closed before the next
// command. RetrieveAll and Delete take many messages and do not wait for each
// response if the server has announced PIPELINING, which Capabilities finds
// out.
//
// What a server sends is bounded: the length of a line by 16 KB, lists by
// Options.MaxMessages. Messages are streamed, and their length is for the
// caller to bound.
package pop3client
