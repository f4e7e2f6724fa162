package message

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// dropMarkup returns the text of HTML, without what is not shown.
func dropMarkup(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			b.WriteByte(' ')
			name, _ := z.TagName()
			if tag := string(name); hidden == "" && (tag == "style" || tag == "script" || tag == "title") {
				hidden = tag
			}
		case html.EndTagToken:
			b.WriteByte(' ')
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}

// cutText returns at most limit octets of s, cut between characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
