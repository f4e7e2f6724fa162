package smtpserver

import "bytes"

// A scanner looks at the octets of a message on their way through, a window at
// a time, and keeps what it must know from one window to the next. It holds
// the line endings against RFC 5321 §2.3.8 and finds the lines that begin with
// a dot.
type scanner struct {
	dots      bool // stop at a dot at the beginning of a line
	lineStart bool // the next octet begins a line
	cr        bool // the last octet was CR, and what it is depends on the next
	bare      bool // there was a CR or LF that was not part of CRLF
	nul       bool // there was a NUL
}

// scan returns how many octets of win are text: all of them, or those before
// a dot that begins a line.
//
// Each CRLF is found by its CR. That no LF stands alone follows from counting
// them, for a count runs over many octets at once.
func (s *scanner) scan(win []byte) int {
	i, pairs := 0, 0
	if s.cr && len(win) > 0 {
		s.cr = false
		if win[0] == '\n' {
			i, pairs, s.lineStart = 1, 1, true
		} else {
			s.bare = true
		}
	}
	for i < len(win) {
		if s.lineStart && s.dots && win[i] == '.' {
			break
		}
		s.lineStart = false
		j := bytes.IndexByte(win[i:], '\r')
		if j < 0 {
			i = len(win)
			break
		}
		i += j + 1
		if i == len(win) {
			s.cr = true
			break
		}
		if win[i] != '\n' {
			s.bare = true
			continue
		}
		i++
		pairs++
		s.lineStart = true
	}
	if bytes.Count(win[:i], []byte{'\n'}) != pairs {
		s.bare = true
	}
	if bytes.IndexByte(win[:i], 0) >= 0 {
		s.nul = true
	}
	return i
}
