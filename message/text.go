package message

import "io"

// DecodedBody returns the body of p, read from the message r, with its transfer
// encoding undone.
func DecodedBody(p *Part, r io.ReaderAt) io.Reader {
	return TransferDecoder(p.Encoding, io.NewSectionReader(r, p.BodyStart, p.Size()))
}

// DecodedText returns the body of a text part, read from the message r, as
// UTF-8: the transfer encoding is undone and the charset converted. Text in a
// charset that is not known is guessed like text without one, see
// [CharsetReader].
func DecodedText(p *Part, r io.ReaderAt) io.Reader {
	body := DecodedBody(p, r)
	text, ok := CharsetReader(rawParam(p.Params, "charset"), body)
	if !ok {
		text, _ = CharsetReader("", body)
	}
	return text
}
