package message

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// previewSource is how much of a text a preview is made of, in octets.
const previewSource = 16 << 10

// Preview returns the start of a message's text for people on one line, at most
// limit characters of UTF-8: the first text part that is not an attachment, in
// a multipart/alternative the plain one, without markup, quoted lines and
// signature. It looks at 16 KB of the text, and returns what it has if r fails.
func Preview(s *Structure, r io.ReaderAt, limit int) string {
	p := previewPart(s.Root)
	if p == nil {
		return ""
	}
	raw, _ := io.ReadAll(io.LimitReader(DecodedText(p, r), previewSource))
	text := string(raw)
	if strings.EqualFold(p.Subtype, "html") {
		return onOneLine(dropMarkup(text, limit), limit)
	}
	if own := onOneLine(ownWords(text), limit); own != "" {
		return own
	}
	return onOneLine(text, limit) // nothing but quotes: better than nothing
}

// previewPart returns the text that the message begins with.
func previewPart(p *Part) *Part {
	if strings.EqualFold(p.Disposition, "attachment") {
		return nil
	}
	if p.IsText() {
		return p
	}
	if p.IsMultipart() && strings.EqualFold(p.Subtype, "alternative") {
		for _, child := range p.Children {
			if child.IsText() && strings.EqualFold(child.Subtype, "plain") {
				return child
			}
		}
	}
	for _, child := range p.Children {
		if found := previewPart(child); found != nil {
			return found
		}
	}
	return nil
}

// ownWords leaves out of plain text the lines that are quoted, the line that
// introduces them, and the signature.
func ownWords(text string) string {
	var b strings.Builder
	last := ""
	keep := func(line string) {
		b.WriteString(last)
		b.WriteByte('\n')
		last = line
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "-- ":
			keep("")
			return b.String()
		case strings.HasPrefix(line, ">"):
			if strings.HasSuffix(strings.TrimSpace(last), ":") {
				last = "" // "On Monday Ann wrote:"
			}
		case strings.TrimSpace(line) == "":
			// An introduction may be followed by a blank line.
		default:
			keep(line)
		}
	}
	keep("")
	return b.String()
}

// onOneLine joins the words of a text by single spaces, up to limit characters.
// What cannot be seen is dropped: senders pad their previews with it.
func onOneLine(text string, limit int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = n > 0
			continue
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zwj || r == graphemeJoiner:
			continue
		case r == zwj && (n == 0 || space):
			continue
		}
		if space {
			if n+2 > limit {
				break
			}
			b.WriteByte(' ')
			n, space = n+1, false
		}
		if n == limit {
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

const (
	zwj            = '\u200d' // joins emoji; alone it is padding
	graphemeJoiner = '\u034f'
)

// dropMarkup returns the text of HTML without what is not shown or is quoted;
// it stops when it surely has limit characters.
func dropMarkup(markup string, limit int) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	hidden := hiddenDepth{}
	seen := 0
	for seen < limit {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !hidden.now() {
				text := z.Text()
				b.Write(text)
				seen += visible(text)
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			hidden.start(string(name))
			b.WriteString(between(string(name)))
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			b.WriteString(between(string(name)))
		case html.EndTagToken:
			name, _ := z.TagName()
			hidden.end(string(name))
			b.WriteString(between(string(name)))
		}
	}
	return b.String()
}

// visible counts characters, of a run of spaces the first: never too many.
func visible(text []byte) int {
	n, space := 0, true
	for _, r := range string(text) {
		blank := unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == graphemeJoiner
		if !blank || !space {
			n++
		}
		space = blank
	}
	return n
}

// between is what a tag leaves between two words: those inside of a line leave
// nothing.
func between(tag string) string {
	switch tag {
	case "a", "abbr", "b", "big", "code", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "tt", "u", "wbr":
		return ""
	}
	return " "
}

// hiddenDepth counts the open elements whose text is not shown, or is another's.
type hiddenDepth struct {
	tag   string
	depth int
}

func (h *hiddenDepth) now() bool { return h.depth > 0 }

func (h *hiddenDepth) start(tag string) {
	switch {
	case h.depth > 0 && tag == h.tag:
		h.depth++
	case h.depth > 0:
	case tag == "style" || tag == "script" || tag == "title" || tag == "blockquote" || tag == "template":
		h.tag, h.depth = tag, 1
	}
}

func (h *hiddenDepth) end(tag string) {
	if h.depth > 0 && tag == h.tag {
		h.depth--
	}
}
