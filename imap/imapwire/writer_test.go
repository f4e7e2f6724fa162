package imapwire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
)

// write returns what f writes, through a small buffer.
func write(t *testing.T, f func(w *Writer)) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	w.Attach(make([]byte, 0, 24))
	f(w)
	if _, err := w.Detach(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriteStrings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxQuoted+1)
	for _, test := range []struct {
		s    string
		utf8 bool
		want string
	}{
		{"", false, `""`},
		{`a "b" \c`, false, `"a \"b\" \\c"`},
		{"a\r\nb", false, "{4}\r\na\r\nb"},
		{"ü", false, "{2}\r\nü"},
		{"ü", true, `"ü"`},
		{"\xff", true, "{1}\r\n\xff"},
		{"a\x00b", false, "{2}\r\nab"},
		{long, false, "{1001}\r\n" + long},
	} {
		got := write(t, func(w *Writer) {
			w.UTF8 = test.utf8
			w.String(test.s)
		})
		if got != test.want {
			t.Errorf("%q is written as %q, want %q", test.s, got, test.want)
		}
	}
}

func TestWriteMailboxes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"INBOX": "INBOX", "a b": `"a b"`, "ü": "&APw-", "nil": `"nil"`, "a*": `"a*"`, "": `""`,
	} {
		if got := write(t, func(w *Writer) { w.Mailbox(name) }); got != want {
			t.Errorf("%q is written as %s, want %s", name, got, want)
		}
	}
}

func TestWriteLiterals(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 10)
	got := write(t, func(w *Writer) {
		w.Flags([]imap.Flag{imap.FlagSeen, "a"})
		if err := w.Literal(strings.NewReader(text+"more"), 100); err != nil {
			t.Error(err)
		}
		w.Bytes([]byte(text))
		w.Raw(text)
		w.CRLF()
	})
	if want := `(\Seen a){100}` + "\r\n" + text + text + text + "\r\n"; got != want {
		t.Errorf("got %q", got)
	}
	write(t, func(w *Writer) {
		if err := w.Literal(strings.NewReader("abc"), 4); !errors.Is(err, ErrShortLiteral) {
			t.Errorf("a short literal: %v", err)
		}
	})
}

type brokenConn struct{}

var errBroken = errors.New("broken")

func (brokenConn) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorStays(t *testing.T) {
	t.Parallel()
	w := NewWriter(brokenConn{})
	w.Attach(make([]byte, 8))
	w.Raw("much too long for it")
	w.Raw("and more")
	if !errors.Is(w.Err(), errBroken) || !errors.Is(w.Flush(), errBroken) {
		t.Error("the error is lost")
	}
}

func BenchmarkReadLine(b *testing.B) {
	line := "a1 UID FETCH 1:100 (UID FLAGS)\r\n"
	var in strings.Reader
	r := NewReader(&in, Limits{Line: 1000})
	r.Attach(make([]byte, 8<<10), nil)
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(line)
		if err := r.Next(); err != nil {
			b.Fatal(err)
		}
		if !r.AcceptWord("A1") {
			b.Fatal("no tag")
		}
	}
}
