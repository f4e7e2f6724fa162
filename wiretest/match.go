package wiretest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern compiles an expected line: {{re}} is a regular expression, all else
// is literal.
func pattern(text string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for text != "" {
		literal, tail, found := strings.Cut(text, "{{")
		b.WriteString(regexp.QuoteMeta(literal))
		if !found {
			break
		}
		re, rest, closed := strings.Cut(tail, "}}")
		if !closed {
			return nil, fmt.Errorf("{{ without }} in %q", text)
		}
		// A closing brace of the expression itself may stand before.
		for strings.HasPrefix(rest, "}") {
			re, rest = re+"}", rest[1:]
		}
		b.WriteString("(?:" + re + ")")
		text = rest
	}
	b.WriteString(`\z`)
	return regexp.Compile(b.String())
}

// matches reports whether got, a line with its CRLF, is what the step expects.
func (s step) matches(got string) (bool, error) {
	if s.action == raw {
		return got == s.text, nil
	}
	body, ok := strings.CutSuffix(got, "\r\n")
	if !ok {
		return false, nil
	}
	if !strings.Contains(s.text, "{{") {
		return body == s.text, nil
	}
	re, err := pattern(s.text)
	if err != nil {
		return false, err
	}
	return re.MatchString(body), nil
}

// sourceOf writes bytes from the wire as a line of a dialogue.
func sourceOf(side byte, got string) string {
	body, ok := strings.CutSuffix(got, "\r\n")
	if ok && printable(body) && !strings.Contains(body, "{{") {
		return strings.TrimSuffix(string(side)+": "+body, " ")
	}
	quoted := strconv.Quote(got)
	quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	return string(side) + "| " + quoted
}

func printable(s string) bool {
	if !utf8.ValidString(s) || strings.HasSuffix(s, " ") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
