package messagetest

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/mailstead/mailstead/message"
)

// Outline returns the tree of a message in one line: the type of each part, and
// the length and checksum of each body that has no parts.
func Outline(data []byte) string {
	s := message.NewScanner(message.Limits{})
	s.Write(data)
	structure := s.Finish()
	if structure.Truncated {
		return "truncated"
	}
	var b strings.Builder
	outline(&b, structure.Root, data)
	return b.String()
}

func outline(b *strings.Builder, p *message.Part, data []byte) {
	b.WriteString(strings.ToLower(p.Type + "/" + p.Subtype))
	if len(p.Children) == 0 {
		b.WriteString(Body(data[p.BodyStart:p.End]))
		return
	}
	b.WriteByte('(')
	for i, child := range p.Children {
		if i > 0 {
			b.WriteByte(' ')
		}
		outline(b, child, data)
	}
	b.WriteByte(')')
}

// Body returns how Outline writes a body.
func Body(body []byte) string {
	return fmt.Sprintf(":%d:%08x", len(body), crc32.ChecksumIEEE(body))
}
