package imapserver

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A language is what the texts for people are in (RFC 5255 §3). The texts of
// the code are those of i-default, in English.
type language struct {
	tag string
	// texts has translations; a text that is not there stays as it is.
	texts map[string]string
	// Texts with something in them: the name of a command, or what is wrong
	// with the syntax.
	completed, badState, syntax func(string) string
}

// defaultLanguage is what a connection begins with (RFC 5255 §3.1).
const defaultLanguage = "i-default"

// languages are those that can be spoken.
var languages = [...]language{{tag: defaultLanguage}, {tag: "en"}, german}

// Texts with something before or behind them.
const (
	completedText = " completed"
	badStateText  = " is not allowed in this state"
	syntaxText    = "Syntax error: "
)

// translate returns a text in the language of the connection.
func (c *conn) translate(text string) string {
	l := c.language
	if l == nil || l.texts == nil {
		return text
	}
	if t, ok := l.texts[text]; ok {
		return t
	}
	if name, ok := strings.CutSuffix(text, completedText); ok {
		return l.completed(name)
	}
	if name, ok := strings.CutSuffix(text, badStateText); ok {
		return l.badState(name)
	}
	if what, ok := strings.CutPrefix(text, syntaxText); ok {
		if t, ok := l.texts[what]; ok {
			return l.syntax(t)
		}
	}
	return text
}

// maxLanguages is how many language ranges LANGUAGE takes.
const maxLanguages = 50

// setLanguage runs LANGUAGE (RFC 5255 §3.2).
func (c *conn) setLanguage(ctx context.Context, req *request) error {
	var ranges []string
	for c.r.Accept(' ') {
		r, err := c.r.AString()
		if err != nil {
			return err
		}
		if ranges = append(ranges, r); len(ranges) > maxLanguages || !validRange(r) {
			return imapwire.Syntax("language range expected")
		}
	}
	if err := c.end(req); err != nil {
		return err
	}
	if len(ranges) == 0 {
		writeLanguageData(c.w, languages[:])
		return nil
	}
	for _, r := range ranges {
		if l := findLanguage(r); l != nil {
			return c.speak(ctx, l)
		}
	}
	return imap.No("", "Language is not supported")
}

// speak changes the language, at once, and tells the name spaces in it.
func (c *conn) speak(ctx context.Context, l *language) error {
	c.language = l
	writeLanguageData(c.w, []language{*l})
	if c.state&loggedIn == 0 {
		return nil
	}
	data, err := c.session.Namespace(ctx)
	if err == nil {
		c.writeNamespaceData(data)
	}
	return err
}

// findLanguage returns the language for a range by the lookup of RFC 4647
// §3.4: subtags are taken off its end until something matches.
func findLanguage(r string) *language {
	if r = strings.ToLower(r); r == "default" || r == "*" {
		r = defaultLanguage
	}
	for r != "" {
		for i := range languages {
			if languages[i].tag == r {
				return &languages[i]
			}
		}
		r = r[:max(0, strings.LastIndexByte(r, '-'))]
		if n := len(r); n > 2 && r[n-2] == '-' {
			r = r[:n-2] // a single letter only begins what has been taken off
		}
	}
	return nil
}

// validRange checks the grammar's language-range (RFC 4647 §2.1).
func validRange(r string) bool {
	for i, tag := range strings.Split(r, "-") {
		if tag == "*" {
			continue
		}
		if tag == "" || len(tag) > 8 {
			return false
		}
		for _, c := range []byte(tag) {
			if !isLetter(c) && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// writeLanguageData writes the LANGUAGE response (RFC 5255 §3.3).
func writeLanguageData(w *imapwire.Writer, list []language) {
	w.Raw("* LANGUAGE ")
	sep := byte('(')
	for _, l := range list {
		w.Byte(sep)
		w.Raw(l.tag)
		sep = ' '
	}
	w.Raw(")\r\n")
}

// writeTranslation adds the translation of a name space's prefix, if there is
// one (RFC 5255 §3.4).
func (c *conn) writeTranslation(prefix string) {
	if c.language == nil {
		return
	}
	delim := string(c.opts.Delimiter)
	t, ok := c.language.texts[strings.TrimSuffix(prefix, delim)]
	if !ok || prefix == "" {
		return
	}
	c.w.Raw(` "TRANSLATION" (`)
	c.w.String(imap.EncodeUTF7(t + delim))
	c.w.Byte(')')
}
