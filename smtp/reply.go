package smtp

import (
	"errors"
	"strconv"
	"strings"
)

// An EnhancedCode is an enhanced status code (RFC 3463 §2): class, subject and
// detail. The zero value is none.
type EnhancedCode [3]uint16

// IsZero tells whether c is no code.
func (c EnhancedCode) IsZero() bool { return c == EnhancedCode{} }

// String returns the code as "5.1.1".
func (c EnhancedCode) String() string { return string(c.append(nil)) }

func (c EnhancedCode) append(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(c[0]), 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, uint64(c[1]), 10)
	b = append(b, '.')
	return strconv.AppendUint(b, uint64(c[2]), 10)
}

// A Reply is the answer to a command (RFC 5321 §4.2).
type Reply struct {
	Code     int          // three digits, 200 to 599
	Enhanced EnhancedCode // RFC 2034; zero where the standard has none
	Lines    []string     // the text, a line each, without code and CRLF
}

// IsZero tells whether r is no reply.
func (r Reply) IsZero() bool { return r.Code == 0 }

// Positive tells whether the command was carried out (2yz) or waits for more
// input (3yz).
func (r Reply) Positive() bool { return r.Code >= 200 && r.Code < 400 }

// Temporary tells whether the same command may succeed later (4yz).
func (r Reply) Temporary() bool { return r.Code >= 400 && r.Code < 500 }

// Text returns the lines joined by spaces.
func (r Reply) Text() string {
	if len(r.Lines) == 1 {
		return r.Lines[0]
	}
	return strings.Join(r.Lines, " ")
}

// String returns the reply on one line, for a log.
func (r Reply) String() string {
	b := strconv.AppendInt(nil, int64(r.Code), 10)
	if !r.Enhanced.IsZero() {
		b = r.Enhanced.append(append(b, ' '))
	}
	return string(append(append(b, ' '), r.Text()...))
}

// Append appends the reply as it goes on the wire, the enhanced code on every
// line (RFC 2034 §4). Control characters in the text become spaces, so that no
// text can forge a second reply, and octets beyond ASCII become "?", for no
// reply may have them but a few that name a mailbox (RFC 6531 §3.7.4.2).
func (r Reply) Append(b []byte) []byte {
	if len(r.Lines) == 0 {
		return r.appendLine(b, "", ' ')
	}
	for i, text := range r.Lines {
		sep := byte('-')
		if i == len(r.Lines)-1 {
			sep = ' '
		}
		b = r.appendLine(b, text, sep)
	}
	return b
}

func (r Reply) appendLine(b []byte, text string, sep byte) []byte {
	b = strconv.AppendInt(b, int64(r.Code), 10)
	b = append(b, sep)
	if !r.Enhanced.IsZero() {
		b = append(r.Enhanced.append(b), ' ')
	}
	return append(appendText(b, text), '\r', '\n')
}

func appendText(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case c > 0x7f:
			c = '?'
		}
		b = append(b, c)
	}
	return b
}

// ErrReplySyntax says that a line is no line of a reply.
var ErrReplySyntax = errors.New("smtp: malformed reply")

// A ReplyLine is one line of a reply.
type ReplyLine struct {
	Code     int
	Enhanced EnhancedCode
	Text     string
	Last     bool // no line follows
}

// ParseReplyLine reads one line of a reply, without its CRLF (RFC 5321 §4.2).
// An enhanced code is only taken for one when its class is that of the reply
// code, so that a text such as "2.0 users" stays text.
func ParseReplyLine(line string) (ReplyLine, error) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return ReplyLine{}, ErrReplySyntax
	}
	l := ReplyLine{Last: true}
	l.Code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return l, nil
	}
	switch line[3] {
	case ' ':
	case '-':
		l.Last = false
	default:
		return ReplyLine{}, ErrReplySyntax
	}
	l.Enhanced, l.Text = cutEnhanced(line[4:], line[0])
	return l, nil
}

// cutEnhanced parts an enhanced code of the class from the text after it.
func cutEnhanced(text string, class byte) (EnhancedCode, string) {
	code, rest, _ := strings.Cut(text, " ")
	parsed, ok := ParseEnhancedCode(code)
	if !ok || code[0] != class {
		return EnhancedCode{}, text
	}
	return parsed, rest
}

// ParseEnhancedCode reads a code such as "5.1.1" (RFC 3463 §2).
func ParseEnhancedCode(s string) (EnhancedCode, bool) {
	var c EnhancedCode
	parts := strings.SplitN(s, ".", 4)
	if len(parts) != 3 {
		return c, false
	}
	for i, part := range parts {
		if len(part) == 0 || len(part) > 3 || len(part) > 1 && part[0] == '0' {
			return EnhancedCode{}, false
		}
		for j := 0; j < len(part); j++ {
			if !isDigit(part[j]) {
				return EnhancedCode{}, false
			}
			c[i] = c[i]*10 + uint16(part[j]-'0')
		}
	}
	if c[0] != 2 && c[0] != 4 && c[0] != 5 {
		return EnhancedCode{}, false
	}
	return c, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
