package crashtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Letter is a message that a client sends.
type Letter struct {
	Token string
	size  int
	sum   [sha256.Size]byte
}

// tokenField is the field of the header that has the token.
const tokenField = "X-Token"

// newLetter writes a letter from a user of ours.
func newLetter(token, from string, random *rand.Rand) (Letter, string) {
	size := 200 + random.IntN(3000)
	switch random.IntN(60) {
	case 0:
		size = 300_000 // staged in a file
	case 1, 2:
		size = 80_000 // more than one chunk of a blob
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\r\nFrom: %s\r\nDate: Mon, 02 Jan 2006 15:04:05 +0000\r\nMessage-ID: <%s@letters.test>\r\nSubject: letter %s\r\n\r\n",
		tokenField, token, from, token, token)
	for b.Len() < size {
		fmt.Fprintf(&b, "%016x %016x .%016x\r\n", random.Uint64(), random.Uint64(), random.Uint64())
	}
	text := b.String()
	return Letter{Token: token, size: len(text), sum: sha256.Sum256([]byte(text))}, text
}

// tokenOf returns the token of a message or its header.
func tokenOf(text []byte) string {
	_, rest, ok := bytes.Cut(text, []byte(tokenField+": "))
	if !ok {
		return ""
	}
	token, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(token)
}

// check wants a message to be the letter, byte for byte, behind fields that
// servers have put in front of it.
func (l *Letter) check(text []byte) error {
	if len(text) < l.size {
		return fmt.Errorf("it has %d bytes of %d", len(text), l.size)
	}
	trace, own := text[:len(text)-l.size], text[len(text)-l.size:]
	if sha256.Sum256(own) != l.sum {
		return errors.New("its bytes differ")
	}
	if len(trace) > 0 && (!bytes.HasSuffix(trace, []byte("\r\n")) || bytes.Contains(trace, []byte("\r\n\r\n"))) {
		return fmt.Errorf("in front of it stands %q", trace)
	}
	return nil
}
