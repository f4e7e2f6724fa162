package smtpserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/mailstead/mailstead/smtp"
)

func newInput(src io.Reader) *input {
	in := &input{src: src, before: func() error { return nil }, buffers: &sync.Pool{New: func() any {
		b := make([]byte, bigBuffer)
		return &b
	}}}
	in.release()
	return in
}

func newDotBody(in *input) *body {
	return &body{
		in: in, source: dots{}, max: 1 << 20, maxReceived: 5,
		scan: scanner{dots: true, lineStart: true},
	}
}

// readersOf are ways for the same octets to arrive.
func readersOf(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"whole":    strings.NewReader(text),
		"by octet": iotest.OneByteReader(strings.NewReader(text)),
		"halves":   iotest.HalfReader(strings.NewReader(text)),
		"at end":   iotest.DataErrReader(strings.NewReader(text)),
	}
}

func TestDotBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, wire, text, rest string
		err                    error
	}{
		{"empty", ".\r\nQUIT", "", "QUIT", nil},
		{"empty line", "\r\n.\r\n", "\r\n", "", nil},
		{"dots", "..\r\n...\r\n.a\r\na.\r\n.\r\n", ".\r\n..\r\na\r\na.\r\n", "", nil},
		{"pipelined", "a\r\n.\r\n.\r\n", "a\r\n", ".\r\n", nil},
		{"no end", "a\r\n.\r", "a\r\n", ".\r", io.ErrUnexpectedEOF},
		{"nothing", "", "", "", io.ErrUnexpectedEOF},
		{"lf dot lf", "a\n.\n\r\n.\r\nX", "a", "X", errBareLine},
		{"lf dot crlf", "a\n.\r\n.\r\nX", "a", "X", errBareLine},
		{"crlf dot lf", "a\r\n.\n\r\n.\r\nX", "a\r\n", "X", errBareLine},
		{"cr dot cr", "a\r.\r\r\n.\r\nX", "a\r", "X", errBareLine},
		{"crlf dot cr", "a\r\n.\rb\r\n.\r\nX", "a\r\n", "X", errBareLine},
		{"crlf dot crcrlf", "a\r\n.\r\r\n.\r\nX", "a\r\n", "X", errBareLine},
		{"lf first", "\n.\r\n\r\n.\r\nX", "", "X", errBareLine},
		{"cr before end", "a\r\r\n.\r\nX", "a\r", "X", errBareLine},
		{"nul", "\x00\r\n.\r\nX", "", "X", errNUL},
		{"loop", strings.Repeat("Received: x\r\n", 6) + ".\r\nX", strings.Repeat("Received: x\r\n", 6), "X", errLoop},
	}
	for _, tt := range tests {
		for how, src := range readersOf(tt.wire) {
			in := newInput(src)
			in.grow()
			b := newDotBody(in)
			text, err := readBody(b, how != "halves")
			if !errors.Is(err, tt.err) {
				t.Errorf("%s, %s: error %v, want %v", tt.name, how, err, tt.err)
			}
			if !strings.HasPrefix(tt.text, string(text)) || err == nil && string(text) != tt.text {
				t.Errorf("%s, %s: text %q, want %q", tt.name, how, text, tt.text)
			}
			if err := b.discard(1<<20, never); err != nil {
				t.Errorf("%s, %s: discard: %v", tt.name, how, err)
			}
			rest, _ := io.ReadAll(in.src)
			if rest := string(in.window()) + string(rest); rest != tt.rest {
				t.Errorf("%s, %s: left over %q, want %q", tt.name, how, rest, tt.rest)
			}
		}
	}
}

func TestBodyTooBig(t *testing.T) {
	t.Parallel()
	in := newInput(strings.NewReader(strings.Repeat("0123456789\r\n", 10000) + ".\r\n"))
	in.grow()
	b := newDotBody(in)
	b.max = 1200
	n, err := io.Copy(io.Discard, b)
	if !errors.Is(err, errTooBig) || n > 1200 {
		t.Errorf("read %d octets, %v", n, err)
	}
	if err := b.discard(2*bigBuffer, never); err != nil || b.end != io.EOF {
		t.Errorf("discard: %v, end: %v", err, b.end)
	}
}

func TestDiscardLimit(t *testing.T) {
	t.Parallel()
	in := newInput(neverEnding{})
	in.grow()
	b := newDotBody(in)
	if err := b.discard(1<<20, never); !errors.Is(err, errDiscardLimit) {
		t.Errorf("got %v", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// plainDots is what dots and scanner do, an octet at a time.
func plainDots(wire []byte) (text, rest []byte, bare, whole bool) {
	for len(wire) > 0 {
		line := wire
		i := bytes.Index(wire, []byte("\r\n"))
		if i < 0 {
			wire = nil
		} else {
			line, wire = wire[:i+2], wire[i+2:]
		}
		if string(line) == ".\r\n" {
			return text, wire, bare, true
		}
		line = bytes.TrimPrefix(line, []byte("."))
		content := bytes.TrimSuffix(line, []byte("\r\n"))
		bare = bare || bytes.ContainsAny(content, "\r\n")
		text = append(text, line...)
	}
	return text, nil, bare, false
}

func FuzzDotBody(f *testing.F) {
	for _, s := range []string{
		".\r\n", "a\r\n.\r\nQUIT\r\n", "..a\r\n.b\r\n.\r\n", "a\n.\n.\r\n", "\r\n.\r\r\n.\r\n", "a\r.\r\n.\r\n", "\r\r\n.\r\n", ".\n.\r\n",
	} {
		f.Add([]byte(s), uint8(3))
		f.Add([]byte(s), uint8(200))
	}
	f.Fuzz(func(t *testing.T, wire []byte, step uint8) {
		in := newInput(&stepReader{data: wire, step: int(step)%7 + 1})
		in.grow()
		b := newDotBody(in)
		b.acceptNUL, b.maxReceived = true, len(wire)
		text, err := readBody(b, step > 127)
		wantText, wantRest, bare, whole := plainDots(wire)
		_ = b.discard(1<<30, never)
		if (b.end == io.EOF) != whole {
			t.Fatalf("%q: ended with %v", wire, b.end)
		}
		if whole && (err == nil) == bare {
			t.Fatalf("%q: error %v", wire, err)
		}
		if err == nil && !bytes.Equal(text, wantText) || !bytes.HasPrefix(wantText, text) && whole {
			t.Fatalf("%q: text %q, want %q", wire, text, wantText)
		}
		rest, _ := io.ReadAll(in.src)
		if got := append(bytes.Clone(in.window()), rest...); whole && !bytes.Equal(got, wantRest) {
			t.Fatalf("%q: left over %q, want %q", wire, got, wantRest)
		}
	})
}

// readBody reads all text, by Read or by WriteTo.
func readBody(b *body, byWriter bool) ([]byte, error) {
	if !byWriter {
		return io.ReadAll(b)
	}
	var buf bytes.Buffer
	_, err := b.WriteTo(&buf)
	return buf.Bytes(), err
}

// A stepReader gives step octets at a time.
type stepReader struct {
	data []byte
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.step)], r.data)
	r.data = r.data[n:]
	return n, nil
}

func TestReceivedCounter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                                  0,
		"Received: a\r\n":                   1,
		"Received: a\r\nreceived:b\r\n":     2,
		"Received : a\r\nX-Received: b\r\n": 0,
		"Received: a\r\n Received: b\r\n":   1,
		"\r\nReceived: a\r\n":               0,
		"A: b\r\nReceived: a\r\n\r\nReceived: a\r\n": 1,
		"Rec\r\nReceived: a":                         1,
	} {
		for step := 1; step < 12; step++ {
			var r receivedCounter
			for p := []byte(text); len(p) > 0; p = p[min(step, len(p)):] {
				r.feed(p[:min(step, len(p))])
			}
			if r.count != want {
				t.Errorf("%q in steps of %d: %d, want %d", text, step, r.count, want)
			}
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	limit := func([]byte) int { return 20 }
	tests := []struct {
		wire string
		want []string
	}{
		{"a\r\nbc\r\n", []string{"a", "bc", "EOF"}},
		{"\r\n", []string{"", "EOF"}},
		{"a\nb\r\n", []string{errLineEnding.Error(), "b", "EOF"}},
		{"a\rb\r\nc\r\n", []string{errLineEnding.Error(), "c", "EOF"}},
		{"0123456789012345678\r\nc\r\n", []string{errLineTooLong.Error(), "c", "EOF"}},
		{"012345678901234567\r\nc\r\n", []string{"012345678901234567", "c", "EOF"}},
		{strings.Repeat("x", 10000) + "\r\nc\r\n", []string{errLineTooLong.Error(), "c", "EOF"}},
		{strings.Repeat("x", 100000) + "\r\nc\r\n", []string{io.ErrUnexpectedEOF.Error()}},
		{"abc", []string{"EOF"}},
	}
	for _, tt := range tests {
		for how, src := range readersOf(tt.wire) {
			in := newInput(src)
			for i, want := range tt.want {
				line, err := in.line(limit)
				got := string(line)
				if err != nil {
					got = err.Error()
				}
				if got != want {
					t.Errorf("%.20q, %s: line %d is %q, want %q", tt.wire, how, i, got, want)
				}
			}
		}
	}
}

func TestLongLineGrows(t *testing.T) {
	t.Parallel()
	in := newInput(strings.NewReader(strings.Repeat("x", 12000) + "\r\nNOOP\r\n"))
	line, err := in.line(func([]byte) int { return 12288 })
	if err != nil || len(line) != 12000 {
		t.Fatalf("%d octets, %v", len(line), err)
	}
	in.shrink()
	if in.big != nil {
		t.Error("the big buffer was not given back")
	}
	if line, err := in.line(func([]byte) int { return 512 }); err != nil || string(line) != "NOOP" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestParseChunk(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"5":                        "5 false true",
		"0 LAST":                   "0 true true",
		"7  last":                  "7 true true",
		"":                         "0 false false",
		"-1":                       "0 false false",
		"+1":                       "0 false false",
		"1 FIRST":                  "1 false false",
		"1LAST":                    "0 false false",
		"99999999999999999999":     "0 false false",
		"9223372036854775807 LAST": "9223372036854775807 true true",
	} {
		size, last, ok := parseChunk(args)
		if got := fmt.Sprint(size, last, ok); got != want {
			t.Errorf("parseChunk(%q) = %s, want %s", args, got, want)
		}
	}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	permanent := smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "no")
	temporary := smtp.NewError(450, smtp.EnhancedCode{4, 2, 0}, "later")
	unknown := errors.New("unknown")
	tests := []struct {
		recipients []error
		err, want  error
	}{
		{nil, nil, nil},
		{[]error{nil, nil}, nil, nil},
		{[]error{nil, permanent}, nil, permanent},
		{[]error{permanent, temporary}, nil, temporary},
		{[]error{permanent, unknown}, nil, unknown},
		{[]error{nil}, permanent, permanent},
	}
	for i, tt := range tests {
		if got := combine(Result{Recipients: tt.recipients}, tt.err); got != tt.want {
			t.Errorf("%d: %v, want %v", i, got, tt.want)
		}
	}
}
