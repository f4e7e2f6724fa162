package wiretest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An action is what one line of a dialogue does.
type action int

const (
	comment  action = iota // nothing, kept for rewriting
	line                   // text and CRLF; a pattern when it is expected
	raw                    // exact bytes
	shutdown               // the side closes its sending half
	closing                // the side closes the connection
	startTLS               // both begin a handshake
	pause                  // the write ends here
)

// A step is one line of a dialogue, parsed.
type step struct {
	side   byte // 'C' or 'S', 0 if the line concerns both
	action action
	text   string // of a line, or the bytes of raw
	source string // the line as it stands in the file
	number int    // of the line in the file
}

// maxRepeat bounds the bytes that one `C*N` line may stand for.
const maxRepeat = 64 << 20

func load(path string) ([]step, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(string(data))
}

func parse(data string) ([]step, error) {
	var steps []step
	for i, source := range strings.Split(strings.TrimSuffix(data, "\n"), "\n") {
		s, err := parseStep(source)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: %q", i+1, err, source)
		}
		s.source, s.number = source, i+1
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(source string) (step, error) {
	switch {
	case source == "" || source[0] == '#':
		return step{action: comment}, nil
	case source == "STARTTLS":
		return step{action: startTLS}, nil
	case source == "...":
		return step{action: pause}, nil
	case len(source) < 2 || source[0] != 'C' && source[0] != 'S':
		return step{}, errors.New("unknown form")
	}
	s := step{side: source[0]}
	head, rest, _ := strings.Cut(source[1:], " ")
	switch source[1] {
	case ':':
		s.action, s.text = line, rest
		return s, exactly(head, ":")
	case '|':
		s.action = raw
		return s.unescape(rest, 1, exactly(head, "|"))
	case '*':
		n, err := strconv.Atoi(head[1:])
		s.action = raw
		return s.unescape(rest, n, err)
	case '!':
		s.action = map[string]action{"shutdown": shutdown, "close": closing}[rest]
		if s.action == comment {
			return s, errors.New("unknown action")
		}
		return s, exactly(head, "!")
	}
	return s, errors.New("unknown form")
}

func exactly(got, want string) error {
	if got != want {
		return errors.New("a space must follow the mark")
	}
	return nil
}

// unescape fills in the bytes of a raw step. It passes on an earlier error.
func (s step) unescape(text string, times int, err error) (step, error) {
	if err != nil {
		return s, err
	}
	var b []byte
	for len(text) > 0 {
		r, multibyte, tail, err := strconv.UnquoteChar(text, 0)
		if err != nil {
			return s, err
		}
		if multibyte {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, byte(r))
		}
		text = tail
	}
	if times < 0 || len(b) > 0 && times > maxRepeat/len(b) {
		return s, errors.New("too many bytes")
	}
	s.text = string(bytes.Repeat(b, times))
	return s, nil
}

// wire returns the bytes that the step puts on the wire.
func (s step) wire() string {
	if s.action == line {
		return s.text + "\r\n"
	}
	return s.text
}
