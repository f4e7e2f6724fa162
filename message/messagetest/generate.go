package messagetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator builds one message.
type generator struct {
	*rand.Rand
	b    strings.Builder
	next int // number of the next boundary
}

// Generate builds a message: parts in parts, attachments, forwarded messages,
// digests, text in many charsets, long and folded headers. It is well-formed.
func Generate(r *rand.Rand) []byte {
	g := &generator{Rand: r}
	g.fields()
	g.entity(0)
	return []byte(g.b.String())
}

func (g *generator) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.b, format, args...)
	g.b.WriteString("\r\n")
}

// fields writes the header fields of a message that are not of MIME.
func (g *generator) fields() {
	g.line("From: %s", g.pick("Ann <ann@example.test>", `"Ann, A." <ann@example.test>`, "=?utf-8?q?Ann=C3=A9?= <ann@example.test>", "undisclosed: ;", "ann@[192.0.2.1] (Ann)"))
	g.line("Subject: %s", g.pick("hello", "=?iso-8859-1?Q?a=FC?= =?utf-8?B?w7w=?=", "a\r\n folded\r\n\tline", "", "gr\u00fc\u00dfe", strings.Repeat("long ", 300)))
	for range g.IntN(4) {
		g.line("%s: %s", g.pick("Received", "X-Long", "To", "References"), strings.Repeat(g.pick("word ", "<a@b.test> ", "x\r\n y "), 1+g.IntN(20))+"z")
	}
	if g.IntN(4) > 0 {
		g.line("MIME-Version: 1.0")
	}
}

// entity writes the fields of MIME, the blank line and the body.
func (g *generator) entity(depth int) {
	switch n := g.IntN(10); {
	case n < 4 && depth < 5:
		g.multipart(depth)
	case n < 5 && depth < 5:
		g.line("Content-Type: message/rfc822")
		g.line("")
		g.fields()
		g.entity(depth + 1)
	default:
		g.leaf()
	}
}

func (g *generator) leaf() {
	switch g.IntN(5) {
	case 0:
		g.line("Content-Type: %s", g.pick("text/plain", `text/html; charset="utf-8"`, "TEXT/Plain; charset=iso-8859-1; format=flowed", "image/png; name*=utf-8''%C3%A9.png", "application/octet-stream;\r\n\tname=\"a b.bin\""))
	case 1:
		g.line("Content-Disposition: %s", g.pick("attachment; filename=x.txt", "inline"))
		g.line("Content-Type: application/pdf; name=\"a;b\"")
	case 2:
		g.line("Content-Transfer-Encoding: %s", g.pick("base64", "quoted-printable", "8bit"))
	}
	g.line("")
	for range g.IntN(6) {
		g.line("%s", g.pick("hello", "", "--", "-- ", "--not a boundary", "Subject: not a header", "caf\u00e9", "=C3=A9=", "SGVsbG8=", ".", "From me", "b0", strings.Repeat("x", g.IntN(200))))
	}
	if g.IntN(4) == 0 {
		g.b.WriteString("no line end")
	}
}

func (g *generator) multipart(depth int) {
	boundary := fmt.Sprintf("%s%d", g.pick("b", "=_b", "b'()+_,-./:=? x", "--b", "very-"+strings.Repeat("l", 40)), g.next)
	g.next++
	g.line("Content-Type: multipart/%s;%sboundary=\"%s\"", g.pick("mixed", "alternative", "digest", "related", "signed", "Unknown"), g.pick(" ", "\r\n\t", " charset=x; "), boundary)
	g.line("")
	if g.IntN(3) == 0 {
		g.line("preamble")
	}
	for range 1 + g.IntN(4) {
		g.line("--%s%s", boundary, g.pick("", "", "", " ", "\t "))
		g.entity(depth + 1)
		g.line("")
	}
	g.line("--%s--%s", boundary, g.pick("", "", " "))
	if g.IntN(3) == 0 {
		g.line("epilogue")
	}
}
