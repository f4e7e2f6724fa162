// Package smtpserver is the server's side of SMTP (RFC 5321), of message
// submission (RFC 6409) and of LMTP (RFC 2033): three modes of one engine.
//
// A [Server] is given one connection after the other and speaks the protocol
// on it. What is done with mail is the business of a [Session], which the
// [Backend] makes: it says who may authenticate, which sender and recipients
// are welcome, and takes the message as a stream. The engine parses commands,
// keeps their sequence, holds the limits, words the replies, and forwards
// nothing to the session that the standard does not allow at that point.
//
// # Rules of a session
//
//   - One connection is served by one goroutine. A Session is never called
//     twice at once and needs no locks of its own.
//   - STARTTLS ends a Session and begins another (RFC 3207 §4.2: nothing the
//     client said before counts). A Session lives in one state of TLS.
//   - Hello, then Mail, then Rcpt any number of times, then Data or Reset. Data
//     ends a transaction as Reset does; Reset is not called after it.
//   - A 250 for a message is sent only if Data returned without error, read its
//     stream to io.EOF, and no limit was broken. Until io.EOF the message is
//     not whole, and nothing of it may be delivered.
//   - In SMTP one reply speaks for all recipients, so a Session should take a
//     message for all or for none of them. If results differ, the reply is the
//     temporary failure if there is one, else the permanent one. In LMTP each
//     recipient has a reply.
//   - A failure that is an *smtp.Error is shown to the client as it is. Any
//     other is logged and answered 451 4.3.0.
//
// # Services
//
// Some extensions are kept by the engine alone: PIPELINING, SIZE, 8BITMIME,
// SMTPUTF8, CHUNKING, LIMITS, STARTTLS. The others promise something about the
// handling of mail, which only a session can keep: a Session that is an
// [Offerer] says which of them it does ([Services]), and the engine announces
// them, parses their parameters and commands, and knows nothing of those that
// are not offered. XCLIENT ends a Session and begins another, as STARTTLS does.
//
// # Line endings
//
// Only CRLF ends a line, and only CRLF "." CRLF a message (RFC 5321 §2.3.8,
// §4.1.1.4). A message with a bare CR or LF is refused whole after its true
// end, with DATA and BDAT alike, so that no other server can find a second
// message in it. Commands with a bare CR or LF are refused too.
//
// A message that is declared BINARYMIME may have any octets: it is counted, not
// searched for its end (RFC 3030 §3).
//
// Lines of a message may be of any length: they are never held whole, so a
// limit would cost mail and save nothing. Its size as a whole is limited.
//
// # Memory
//
// A connection between messages holds an input buffer of 4 KB and what the
// replies of one pipelined group need, at most about as much. While a message
// or a long AUTH response comes in, it borrows a buffer of 64 KB.
package smtpserver
