package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing wrong with a configuration.
type Problem struct {
	Line int    // counted from 1; 0 if the file does not set the key
	Key  string // with its section, as in "smtp.listen"
	Text string
}

func (p Problem) String() string {
	text := p.Text
	if p.Key != "" {
		text = p.Key + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// Problems is an error that holds all problems of a file, by line.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// A report collects what the checks of a section find.
type report struct {
	section  string
	problems []Problem
}

func (r *report) add(key, format string, args ...any) {
	r.problems = append(r.problems, Problem{Key: r.section + key, Text: fmt.Sprintf(format, args...)})
}

// oneOf reports a value that is not among those allowed.
func oneOf(r *report, key, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	r.add(key, "%q is none of %q", value, allowed)
}
