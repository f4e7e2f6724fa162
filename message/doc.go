// Package message understands Internet mail as it is, not as it should be:
// RFC 5322 headers and RFC 2045 to 2049 MIME bodies.
//
// A message is never parsed into a tree of copies. It is scanned once, as it
// streams past, into a [Structure]: a tree of [Part] values that hold offsets
// into the original bytes, plus the few header values that IMAP asks for again
// and again. Everything else is found later by reading the bytes between two
// offsets. The bytes themselves are never changed.
//
// # Words
//
//   - header: the fields and the blank line that ends them.
//   - field: one header line with its continuations.
//   - part: a header and a body. The whole message is the root part.
//   - envelope: what RFC 9051 §7.5.2 calls so, the parsed header of a message;
//     not the SMTP envelope.
//   - scanner: the incremental parser that makes a [Structure].
//
// # Invariants
//
//   - HeaderStart <= BodyStart <= End for each part, and children lie within
//     the body of their parent, in order, without overlap.
//   - A multipart has at least one child, a message/rfc822 or message/global
//     exactly one, whatever the message looks like. A composite part that could
//     not be opened (no boundary, transfer-encoded, nested too deep) has one
//     text/plain child that is its whole body, so that nothing is hidden.
//   - How the bytes are cut into Write calls never changes the result.
//   - No input makes a parser here fail, unless its documentation says
//     that it is strict.
//
// # Where to look
//
// The scanner is in scan.go (lines), scan_tree.go (which parts are open),
// scan_header.go (collecting fields) and scan_fields.go (what they mean);
// codec.go and codecdecode.go keep its result. header.go and fieldsreader.go
// read fields from raw bytes. addressparse.go, date.go, params.go,
// params2231.go and encodedword.go each parse one kind of value; transfer.go,
// quotedprintable.go and charset.go undo encodings, text.go applies them to
// parts. searchtext.go and textreader.go do so for a search through many
// messages, matcher.go and finder.go look for its needle. compose.go,
// encodewords.go and multipart.go write what the server itself has to say;
// surrogate.go rewrites headers for clients that take only ASCII.
//
// # Caveats
//
// A line ends with LF, with or without CR before it; a CR alone is an ordinary
// byte, because taking it for a line end would make this package see header
// fields and boundaries that other software does not see.
//
// Values in [Structure] and [Envelope] are as they stand in the header, only
// unfolded: encoded words stay encoded, and octets above 127 stay as they are,
// valid UTF-8 or not. Only NUL, which no IMAP string can carry, is dropped, and
// a stray CR is a space. [DecodeHeader] makes text of them.
//
// Of a field that may stand only once, the first counts. Other software may
// take the last; what decides about trust should not depend on it.
package message
