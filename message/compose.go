package message

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"
)

// foldAt is the length that lines of a header should keep to (RFC 5322
// §2.1.1), without line end.
const foldAt = 78

// HeaderBuilder writes header fields: folded, and such that no value can begin
// another field, since line ends and NULs in values become spaces. What it
// writes is ASCII but for addresses and structured values that are not: those
// have no other form than that of RFC 6532. The zero value is an empty header.
// A field name that is not one by RFC 5322 §2.2 is a programmer's mistake and
// panics.
type HeaderBuilder struct {
	b      []byte
	column int
}

// Bytes returns the fields so far, without a blank line.
func (h *HeaderBuilder) Bytes() []byte { return h.b }

// Text adds an unstructured field, such as Subject. Text that is not ASCII
// becomes encoded words (RFC 2047).
func (h *HeaderBuilder) Text(name, text string) {
	h.begin(name)
	text = trimSpace(flatten(text))
	if needsEncoding(text) {
		h.words(encodeWords(text, len(name)+2))
	} else {
		h.foldable(text)
	}
	h.end()
}

// Structured adds a field whose value is in its final form and may be folded at
// any white space, such as Received or In-Reply-To.
func (h *HeaderBuilder) Structured(name, value string) {
	h.begin(name)
	h.foldable(trimSpace(flatten(value)))
	h.end()
}

// Date adds a date field (RFC 5322 §3.3).
func (h *HeaderBuilder) Date(name string, t time.Time) { h.Structured(name, FormatDate(t)) }

// Addresses adds an address field. Group markers open and close groups. Names
// are text, not encoded words: those are made where needed.
func (h *HeaderBuilder) Addresses(name string, list []Address) {
	h.begin(name)
	for i, a := range list {
		h.address(a)
		if i < len(list)-1 && !a.IsGroupStart() && !list[i+1].IsGroupEnd() {
			h.append(",")
		}
	}
	h.end()
}

// address writes one element of an address list.
func (h *HeaderBuilder) address(a Address) {
	switch {
	case a.IsGroupEnd():
		h.append(";")
	case a.IsGroupStart():
		h.phrase(a.Mailbox)
		h.append(":")
	case a.Name == "":
		h.token(" ", flatten(a.Addr()))
	default:
		h.phrase(a.Name)
		h.token(" ", "<"+flatten(a.Addr())+">")
	}
}

// append writes s right behind what stands there.
func (h *HeaderBuilder) append(s string) {
	h.b = append(h.b, s...)
	h.column += len(s)
}

// phrase writes a display name.
func (h *HeaderBuilder) phrase(name string) {
	name = flatten(name)
	switch {
	case needsEncoding(name):
		h.words(encodeWords(name, h.column+1))
	case isPhrase(name):
		h.foldable(name)
	default:
		h.token(" ", quoteString(name))
	}
}

// isPhrase tells whether s is a row of atoms.
func isPhrase(s string) bool {
	for _, atom := range strings.Split(s, " ") {
		if !isDotAtom(atom) || strings.Contains(atom, ".") {
			return false
		}
	}
	return true
}

// Params adds a field with parameters, such as Content-Type. Values are quoted
// where needed, and written by RFC 2231 §4 if they are not ASCII.
func (h *HeaderBuilder) Params(name, value string, params ...Param) {
	h.begin(name)
	h.foldable(trimSpace(flatten(value)))
	for _, p := range params {
		h.append(";")
		h.token(" ", formatParam(p))
	}
	h.end()
}

// formatParam returns name=value.
func formatParam(p Param) string {
	value := flatten(p.Value)
	switch {
	case isToken(value) && isASCII(value):
		return p.Name + "=" + value
	case isASCII(value):
		return p.Name + "=" + quoteString(value)
	}
	return p.Name + "*=" + string(appendPercent([]byte("utf-8''"), validText(value)))
}

func (h *HeaderBuilder) begin(name string) {
	if _, _, ok := splitField([]byte(name + ":")); !ok || strings.ContainsAny(name, ": \t") {
		panic(fmt.Sprintf("message: %q is not a field name", name))
	}
	h.b = append(h.b, name...)
	h.b = append(h.b, ':')
	h.column = len(name) + 1
}

func (h *HeaderBuilder) end() { h.b = append(h.b, "\r\n"...) }

// words writes words with a space before each.
func (h *HeaderBuilder) words(words []string) {
	for _, w := range words {
		h.token(" ", w)
	}
}

// foldable writes text that may be folded wherever it has white space.
func (h *HeaderBuilder) foldable(text string) {
	space := " "
	for text != "" {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		h.token(space, text[:end])
		next := skipSpace(text, end)
		space, text = text[end:next], text[next:]
	}
}

// token writes space and word, on a new line if it does not fit on this one.
func (h *HeaderBuilder) token(space, word string) {
	first := h.b[len(h.b)-1] == ':' && h.column < foldAt/2
	if h.column+len(space)+len(word) >= foldAt && !first {
		h.b = append(h.b, "\r\n"...)
		h.column = 0
	}
	h.b = append(h.b, space...)
	h.b = append(h.b, word...)
	h.column += len(space) + len(word)
}

// NewMessageID returns a new message identifier with its angle brackets (RFC
// 5322 §3.6.4). random gives 15 octets, host is the domain of whoever makes
// the message.
func NewMessageID(random io.Reader, host string) (string, error) {
	name, err := randomName(random)
	if err != nil {
		return "", err
	}
	return "<" + name + "@" + host + ">", nil
}

// NewBoundary returns a new multipart boundary. It holds "=_", which neither
// quoted-printable nor base64 text does (RFC 2045 §6.7).
func NewBoundary(random io.Reader) (string, error) {
	name, err := randomName(random)
	if err != nil {
		return "", err
	}
	return "=_" + name, nil
}

// randomName returns 120 random bits as letters and digits.
func randomName(random io.Reader) (string, error) {
	var b [15]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("message: random source: %w", err)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:])), nil
}
