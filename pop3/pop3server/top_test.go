package pop3server

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestTopWriter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		message string
		lines   int
		want    string
	}{
		{"A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\n", 0, "A: 1\r\nB: 2\r\n\r\n"},
		{"A: 1\r\n\r\none\r\ntwo\r\n", 1, "A: 1\r\n\r\none\r\n"},
		{"A: 1\r\n\r\none\r\ntwo\r\n", 2, "A: 1\r\n\r\none\r\ntwo\r\n"},
		{"A: 1\r\n\r\none\r\ntwo\r\n", 9, "A: 1\r\n\r\none\r\ntwo\r\n"},
		{"A: 1\r\n\r\n\r\n\r\nthree\r\n", 2, "A: 1\r\n\r\n\r\n\r\n"},
		{"A: 1\r\nno body\r\n", 0, "A: 1\r\nno body\r\n"},
		{"\r\nno header\r\n", 0, "\r\n"},
		{"A: 1\n\nbare\nLF\n", 1, "A: 1\n\nbare\n"},
		{"A: 1\r\n\r\nhalf", 3, "A: 1\r\n\r\nhalf"},
		{"A: 1\r\n\rX\r\n\r\nbody\r\n", 0, "A: 1\r\n\rX\r\n\r\n"},
		{"", 0, ""},
	}
	for _, test := range tests {
		for _, size := range []int{1, 2, 3, 1000} {
			if got := top(test.message, test.lines, size); got != test.want {
				t.Errorf("%q, %d lines, in pieces of %d: got %q, want %q",
					test.message, test.lines, size, got, test.want)
			}
		}
	}
}

// top writes the message in pieces to a topWriter until that has enough.
func top(message string, lines, size int) string {
	var got bytes.Buffer
	w := &topWriter{w: &got, lines: lines}
	for message != "" {
		piece := message[:min(size, len(message))]
		if _, err := w.Write([]byte(piece)); errors.Is(err, errTopSent) {
			break
		}
		message = message[len(piece):]
	}
	return got.String()
}

func FuzzTopWriter(f *testing.F) {
	f.Add("A: 1\r\n\r\none\r\ntwo\r\n", 1, 3)
	f.Add("\n\n\r\r\n", 2, 1)
	f.Fuzz(func(t *testing.T, message string, lines, size int) {
		lines, size = lines&0xff, size&0xff+1
		got := top(message, lines, size)
		if whole := top(message, lines, len(message)+1); got != whole {
			t.Fatalf("in pieces of %d: %q, whole: %q", size, got, whole)
		}
		if !strings.HasPrefix(message, got) {
			t.Fatalf("%q is no beginning", got)
		}
		if got != message && (!strings.HasSuffix(got, "\n") || strings.Count(got, "\n") < lines+1) {
			t.Fatalf("%d lines of %q: %q", lines, message, got)
		}
	})
}
