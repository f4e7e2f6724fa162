package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func stuff(t testing.TB, writes ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := NewDotWriter(&b)
	for _, p := range writes {
		if n, err := w.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatalf("wrote %d of %q, %v", n, p, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDotWriter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		writes []string
		want   string
	}{
		{nil, ".\r\n"},
		{[]string{""}, ".\r\n"},
		{[]string{"a\r\n"}, "a\r\n.\r\n"},
		{[]string{"a"}, "a\r\n.\r\n"},
		{[]string{"a\r"}, "a\r\r\n.\r\n"},
		{[]string{"a\n"}, "a\n\r\n.\r\n"},
		{[]string{"a\r", "\n"}, "a\r\n.\r\n"},
		{[]string{"\n"}, "\n\r\n.\r\n"},
		{[]string{"."}, "..\r\n.\r\n"},
		{[]string{".\r\n"}, "..\r\n.\r\n"},
		{[]string{"..\r\n"}, "...\r\n.\r\n"},
		{[]string{"a\r\n.b\r\n..\r\n"}, "a\r\n..b\r\n...\r\n.\r\n"},
		{[]string{"a\r\n", ".", "\r\n"}, "a\r\n..\r\n.\r\n"},
		{[]string{"a\r\n", ".", "."}, "a\r\n...\r\n.\r\n"},
		{[]string{"a.b\r.c"}, "a.b\r.c\r\n.\r\n"},
		{[]string{"a\n.\r\nb\r\n"}, "a\n..\r\nb\r\n.\r\n"},
		{[]string{"a...b....c\r\n.\r\n..d\r\n"}, "a...b....c\r\n..\r\n...d\r\n.\r\n"},
		{[]string{"a.........\r\nb"}, "a.........\r\nb\r\n.\r\n"},
	}
	for _, test := range tests {
		if got := stuff(t, test.writes...); got != test.want {
			t.Errorf("%q became %q, want %q", test.writes, got, test.want)
		}
	}
}

func TestDotWriterPassesErrorsOn(t *testing.T) {
	t.Parallel()
	for limit := range 12 {
		w := NewDotWriter(&limited{limit})
		_, err := w.Write([]byte(".a\r\n.b\r\n"))
		err = errors.Join(err, w.Close())
		if !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("after %d octets: %v", limit, err)
		}
	}
}

// limited is a writer that fails after some octets.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return l.left, io.ErrShortWrite
	}
	l.left -= len(p)
	return len(p), nil
}

func TestDotReader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want, rest string
		err            error
	}{
		{".\r\n+OK", "", "+OK", nil},
		{"a\r\n.\r\n", "a\r\n", "", nil},
		{"..a\r\n...\r\n..\r\n.\r\n", ".a\r\n..\r\n.\r\n", "", nil},
		{"..\r\n.\r\n", ".\r\n", "", nil},
		{".x\r\n.\r\n", "x\r\n", "", nil},
		{"a.\r\nb\r.c\r\n.\r\n", "a.\r\nb\r.c\r\n", "", nil},
		{"\n..\r\n.\r\n", "\n.\r\n", "", nil},
		{"a\n.\r\nb\r\n.\r\n", "a\n", ".\r\nb\r\n.\r\n", ErrLineEnd},
		{"a\r\n.\nb\r\n.\r\n", "a\r\n", ".\nb\r\n.\r\n", ErrLineEnd},
		{"", "", "", io.ErrUnexpectedEOF},
		{".", "", ".", io.ErrUnexpectedEOF},
		{".\r", "\r", "", io.ErrUnexpectedEOF},
		{"a", "a", "", io.ErrUnexpectedEOF},
		{"a\r\n", "a\r\n", "", io.ErrUnexpectedEOF},
	}
	for _, test := range tests {
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(test.in),
			"bytes": iotest.OneByteReader(strings.NewReader(test.in)),
		} {
			buffered := bufio.NewReader(r)
			got, err := io.ReadAll(NewDotReader(buffered))
			rest, _ := io.ReadAll(buffered)
			if string(got) != test.want || string(rest) != test.rest || !errors.Is(err, test.err) {
				t.Errorf("%s %q: got %q, rest %q, %v", name, test.in, got, rest, err)
			}
		}
	}
}

func TestDotReaderStaysAtItsEnd(t *testing.T) {
	t.Parallel()
	r := NewDotReader(bufio.NewReader(strings.NewReader("a\r\n.\r\nb\r\n.\r\n")))
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("empty read: %d, %v", n, err)
	}
	io.ReadAll(r)
	if n, err := r.Read(make([]byte, 9)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v after the end", n, err)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := error(&Error{Code: CodeInUse, Text: "locked", Err: cause})
	if err.Error() != "pop3: [IN-USE] locked: cause" || !errors.Is(err, cause) {
		t.Error(err)
	}
	if got := (&Error{Text: "no"}).Error(); got != "pop3: no" {
		t.Error(got)
	}
}

func FuzzDots(f *testing.F) {
	for _, seed := range []string{"", ".", "a\r\n.\r\n", "\n.\n..\r", "a\r\n..b\r\n", "\r\n\r\n.\r"} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		cut = max(0, min(cut, len(message)))
		wire := stuff(t, string(message[:cut]), string(message[cut:]))
		if i := strings.Index(wire, "\n.\r\n"); i >= 0 && i+4 != len(wire) {
			t.Fatalf("%q ends too early", wire)
		}
		in := bufio.NewReaderSize(strings.NewReader(wire+"rest"), 16)
		got, err := io.ReadAll(NewDotReader(in))
		want := string(message)
		if want != "" && !strings.HasSuffix(want, "\r\n") {
			want += "\r\n"
		}
		if string(got) != want || err != nil {
			t.Fatalf("%q came back as %q, %v", message, got, err)
		}
		if rest, _ := io.ReadAll(in); string(rest) != "rest" {
			t.Fatalf("left %q", rest)
		}
	})
}

// text is a megabyte of lines of 76 octets, one in ten with a dot first.
func text() []byte {
	line := strings.Repeat("x", 74) + "\r\n"
	return []byte(strings.Repeat(strings.Repeat(line, 9)+"."+line[1:], 1<<20/760))
}

func BenchmarkDotWriter(b *testing.B) {
	prose := "Dear Bob, it was a fine day. We went to the sea, e.g. to see the ships, and\r\n"
	for name, data := range map[string][]byte{
		"dots":   text(),
		"prose":  []byte(strings.Repeat(prose, 1<<20/len(prose))),
		"base64": []byte(strings.Repeat(strings.Repeat("aGVsbG8g", 9)+"ZZZZ\r\n", 1<<20/78)),
	} {
		b.Run(name, func(b *testing.B) {
			out := bufio.NewWriter(io.Discard)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				w := NewDotWriter(out)
				for p := data; len(p) > 0; {
					n, _ := w.Write(p[:min(len(p), 32<<10)])
					p = p[n:]
				}
				w.Close()
			}
		})
	}
}

func BenchmarkDotReader(b *testing.B) {
	var wire bytes.Buffer
	w := NewDotWriter(&wire)
	w.Write(text())
	w.Close()
	in := bufio.NewReaderSize(nil, 32<<10)
	buf := make([]byte, 32<<10)
	b.SetBytes(int64(wire.Len()))
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(bytes.NewReader(wire.Bytes()))
		r := NewDotReader(in)
		for err := error(nil); err == nil; {
			_, err = r.Read(buf)
		}
	}
}
