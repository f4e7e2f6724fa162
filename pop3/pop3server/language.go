package pop3server

import (
	"maps"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/pop3"
)

// A language is one in which responses can be given.
type language struct {
	tag, name string
	texts     map[string]string // by the English text; none in English itself
}

// English is the language in which each connection begins, and in which all
// texts are written in the code.
const English = "en"

// languages returns those that have texts, with what a Session may say added
// to them.
func languages(more map[string]map[string]string) []*language {
	all := []*language{
		{tag: English, name: "English"},
		{tag: "de", name: "Deutsch", texts: german()},
	}
	for _, l := range all {
		if l.texts != nil {
			maps.Copy(l.texts, more[l.tag])
		}
	}
	return all
}

// text returns a fixed text in the language, in English if it has none.
func (l *language) text(english string) string {
	if t, ok := l.texts[english]; ok {
		return t
	}
	return english
}

// text returns a fixed text in the language of the connection.
func (c *conn) text(english string) string { return c.language.text(english) }

// langCommand lists the languages or chooses one (RFC 6856 §3.2).
func (c *conn) langCommand(cmd command) error {
	wanted := strings.Trim(cmd.rest, " ")
	if wanted == "" {
		c.listLanguages()
		return nil
	}
	if wanted == "*" {
		wanted = c.server.options.Language
	} else if !isLanguageRange(wanted) {
		return errArgument
	}
	l := c.server.language(wanted)
	if l == nil {
		return &pop3.Error{Text: "language not available"}
	}
	c.language = l
	c.line("+OK ", l.tag, " ", c.text("language changed"))
	return nil
}

func (c *conn) listLanguages() {
	c.ok("languages follow")
	for _, l := range c.server.languages {
		c.line(l.tag, " ", l.name)
	}
	c.line(".")
}

// language finds the language for a range by taking subtags off its end, as
// RFC 4647 §3.4 does; nil if there is none.
func (s *Server) language(wanted string) *language {
	for {
		i := slices.IndexFunc(s.languages, func(l *language) bool { return strings.EqualFold(l.tag, wanted) })
		if i >= 0 {
			return s.languages[i]
		}
		end := strings.LastIndexByte(wanted, '-')
		if end < 0 {
			return nil
		}
		wanted = wanted[:end]
		if n := len(wanted); n > 2 && wanted[n-2] == '-' {
			wanted = wanted[:n-2] // a singleton does not stand at the end
		}
	}
}

// isLanguageRange checks the form of a basic language range (RFC 4647 §2.1).
func isLanguageRange(s string) bool {
	for i, subtag := range strings.Split(s, "-") {
		if len(subtag) < 1 || len(subtag) > 8 {
			return false
		}
		for _, b := range []byte(subtag) {
			letter := 'a' <= b|0x20 && b|0x20 <= 'z'
			if !letter && (i == 0 || b < '0' || b > '9') {
				return false
			}
		}
	}
	return true
}
