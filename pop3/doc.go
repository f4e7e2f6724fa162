// Package pop3 has what the two sides of the Post Office Protocol (RFC 1939)
// share: the response codes and the form of a multi-line response. The server
// is in pop3server, the client in pop3client.
//
// A command is a line, and so is a response: "+OK" or "-ERR", then text that
// may begin with a response code in brackets (RFC 2449 §8). Some responses go
// on with further lines and end with a line of a single dot; a line of theirs
// that begins with a dot is sent with one dot more (RFC 1939 §3). DotWriter
// and DotReader do and undo that on streams of any length.
//
// A message passes unchanged in every octet but those dots. Lines end with
// CRLF. Where a message has a bare LF nevertheless, a dot behind it is stuffed
// too, so that no reader, however lenient, takes the inside of a message for
// its end; and a last line without CRLF gets one.
package pop3
