package imapthread

import (
	"strings"

	"github.com/mailstead/mailstead/message"
)

// BaseSubject returns the base subject of a Subject field's value, unfolded but
// not decoded (RFC 5256 §2.1), and whether it is that of a reply or forward: the
// extraction took away an "Re:", an "Fwd:", a "(fwd)" or a "[Fwd: ]". The base
// subject may be empty. It takes time linear in the value.
func BaseSubject(value string) (base string, reply bool) {
	s := subject{text: singleSpaced(message.DecodeHeader(value))} // step 1
	for {
		s.trailers()            // step 2
		s.leaders()             // steps 3 to 5
		if !s.forwardHeader() { // step 6
			return s.text, s.reply
		}
	}
}

// singleSpaced makes one space of each run of spaces and tabs.
func singleSpaced(s string) string {
	if !strings.Contains(s, "\t") && !strings.Contains(s, "  ") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		if c == '\t' {
			c = ' '
		}
		if c != ' ' || len(b) == 0 || b[len(b)-1] != ' ' {
			b = append(b, c)
		}
	}
	return string(b)
}

// A subject is the text that is left of one. Its white space is spaces.
type subject struct {
	text  string
	reply bool
}

// trailers removes what matches subj-trailer from the end.
func (s *subject) trailers() {
	for {
		s.text = strings.TrimRight(s.text, " ")
		if !s.cutSuffix("(fwd)") {
			return
		}
		s.reply = true
	}
}

// leaders removes from the start what matches subj-leader, and each subj-blob
// that leaves something behind it.
//
// A run of blobs is looked at once: if no subj-refwd stands at its end, none
// stands at the end of what is left of it without its first.
func (s *subject) leaders() {
	for {
		s.text = strings.TrimLeft(s.text, " ")
		rest, last := blobs(s.text)
		if after := refwd(rest); after >= 0 {
			s.text, s.reply = rest[after:], true
			continue
		}
		if rest == "" {
			rest = last
		}
		s.text = rest
		return
	}
}

// forwardHeader removes a subj-fwd-hdr and its subj-fwd-trl if both are there.
func (s *subject) forwardHeader() bool {
	const header = "[fwd:"
	if !hasPrefixFold(s.text, header) || !strings.HasSuffix(s.text, "]") {
		return false
	}
	s.text, s.reply = s.text[len(header):len(s.text)-1], true
	return true
}

func (s *subject) cutSuffix(suffix string) bool {
	n := len(s.text) - len(suffix)
	if n < 0 || !hasPrefixFold(s.text[n:], suffix) {
		return false
	}
	s.text = s.text[:n]
	return true
}

// blobs returns what stands behind all subj-blobs at the start of s, and s from
// the last of them on.
func blobs(s string) (rest, last string) {
	for {
		n := blob(s)
		if n == 0 {
			return s, last
		}
		s, last = s[n:], s
	}
}

// blob returns the length of the subj-blob that s starts with, or 0.
func blob(s string) int {
	if s == "" || s[0] != '[' {
		return 0
	}
	n := strings.IndexAny(s[1:], "[]\x00")
	if n < 0 || s[1+n] != ']' {
		return 0
	}
	return spaces(s, n+2)
}

// refwd returns the length of the subj-refwd that s starts with, or -1.
func refwd(s string) int {
	n := 2
	switch {
	case hasPrefixFold(s, "fwd"):
		n = 3
	case !hasPrefixFold(s, "re") && !hasPrefixFold(s, "fw"):
		return -1
	}
	n = spaces(s, n)
	n += blob(s[n:])
	if n == len(s) || s[n] != ':' {
		return -1
	}
	return n + 1
}

// spaces returns the index of the first octet of s, from i on, that is no
// space.
func spaces(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// hasPrefixFold tells whether s starts with a prefix in ASCII.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
