package imapwire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var testLimits = Limits{Line: 100, Literals: 50, Skip: 40}

// read returns a reader of input, which comes byte by byte.
func read(input string) *Reader {
	r := NewReader(iotest.OneByteReader(strings.NewReader(input)), testLimits)
	r.Attach(make([]byte, 16), nil)
	return r
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"atom":                       "atom",
		"a]b":                        "a]b",
		`"quoted \"\\ string"`:       `quoted "\ string`,
		"{5}\r\nab\r\nc":             "ab\r\nc",
		"{0}\r\n":                    "",
		`""`:                         "",
		"{49+}\r\n" + string49:       string49,
		`"no end`:                    "error",
		`"bad \escape"`:              "error",
		"\"NUL\x00\"":                "error",
		"{51}\r\n" + string49 + "xx": "error",
		"{3}\r\na\x00b":              "error",
		"~{3}\r\nabc":                "error",
		"{3} \r\nabc":                "error",
		"{-3}\r\nabc":                "error",
		"{99999999999999999999}":     "error",
		"(":                          "error",
		"\"\xc3\xbc\"":               "error",
	} {
		r := read(input + "\r\n")
		var got string
		err := r.Next()
		if err == nil {
			got, err = r.AString()
		}
		if err == nil {
			err = r.End()
		}
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q, %v, want %q", input, got, err, want)
		}
	}
}

const string49 = "0123456789012345678901234567890123456789012345678"

func TestUTF8Strings(t *testing.T) {
	t.Parallel()
	for input, good := range map[string]bool{"\"\xc3\xbc\"": true, "\"\xc3\"": false} {
		r := read(input + "\r\n")
		r.UTF8 = true
		if err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Quoted(); (err == nil) != good {
			t.Errorf("%q: %v", input, err)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 98)
	for input, want := range map[string]error{
		long + "\r\n":  nil,
		long + "x\r\n": ErrLineTooLong,
		"abc":          io.ErrUnexpectedEOF,
		"":             io.EOF,
	} {
		if err := read(input).Next(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", input, err, want)
		}
	}
	var syntax *SyntaxError
	if err := read("abc\n").Next(); !errors.As(err, &syntax) {
		t.Errorf("a bare LF: %v", err)
	}
}

// TestSkip reads a bad command, skips its rest and reads the next.
func TestSkip(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]error{
		"bad (\r\n": nil,
		"bad ( {5+}\r\nab\r\ncd e {2+}\r\nxx f\r\n": nil,
		"bad {5}\r\n":               nil, // never asked for
		"bad {4+}\r\nnext more\r\n": nil,
		"bad {41+}\r\n":             ErrSkip,
		"bad {30+}\r\n" + string49[:30] + " {30+}\r\n": ErrSkip,
	} {
		r := read(input + "next\r\n")
		if err := r.Next(); err != nil {
			t.Fatal(err)
		}
		r.Keyword()
		if err := r.Skip(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", input, err, want)
			continue
		}
		if want != nil {
			continue
		}
		if err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if word, _ := r.Keyword(); string(word) != "NEXT" {
			t.Errorf("%q: then comes %q", input, word)
		}
	}
}

// TestSkipInLiteral gives up in the middle of a literal that was asked for.
func TestSkipInLiteral(t *testing.T) {
	t.Parallel()
	r := read("a {10}\r\n0123456789 b\r\nnext\r\n")
	asked := 0
	r.Literal = func(_ int64, sync bool) error {
		if sync {
			asked++
		}
		return nil
	}
	r.Next()
	r.Keyword()
	r.SP()
	if _, _, err := r.OpenLiteral(); err != nil {
		t.Fatal(err)
	}
	var b [3]byte
	if _, err := io.ReadFull(r.LiteralReader(), b[:]); err != nil {
		t.Fatal(err)
	}
	if err := r.Skip(); err != nil || asked != 1 {
		t.Fatalf("%v, asked %d times", err, asked)
	}
	r.Next()
	if word, _ := r.Keyword(); string(word) != "NEXT" {
		t.Errorf("then comes %q", word)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]uint32{"0": 0, "7": 7, "4294967295": 1<<32 - 1} {
		r := read(input + "\r\n")
		r.Next()
		if n, err := r.Number(); err != nil || n != want {
			t.Errorf("%s: %d, %v", input, n, err)
		}
	}
	for _, input := range []string{"", "x", "4294967296", "-1"} {
		r := read(input + "\r\n")
		r.Next()
		if n, err := r.Number(); err == nil {
			t.Errorf("%s: %d", input, n)
		}
	}
}

func TestDateTimes(t *testing.T) {
	t.Parallel()
	for input, good := range map[string]bool{
		`" 7-Feb-1994 21:52:25 -0800"`: true,
		`"17-Jul-1996 02:44:25 -0700"`: true,
		`"07-Feb-1994 21:52:25 -0800"`: true,
		`"7-Feb-1994 21:52:25 -0800"`:  false,
		`"31-Feb-1994 21:52:25 -0800"`: false,
		`" 7-Feb-1994 21:52:25"`:       false,
	} {
		r := read(input + "\r\n")
		r.Next()
		got, err := r.DateTime()
		if (err == nil) != good {
			t.Errorf("%s: %v, %v", input, got, err)
		}
	}
}

// FuzzReader calls all token methods on whatever comes: none may panic, and a
// line is never read beyond its end.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"a1 \"x\\\"\" (\\Seen a) 1:*,3 {3+}\r\nabc NIL \" 7-Feb-1994 21:52:25 -0800\" 1-Feb-1994\r\n",
		"&AOk- %* ~{3}\r\n{2+}\r\n", "{99+}\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := read(s)
		for r.Next() == nil {
			for _, take := range tokens {
				for take(r) == nil && !r.AtEnd() {
					r.SP()
				}
			}
			if r.Skip() != nil {
				return
			}
		}
	})
}

var tokens = []func(r *Reader) error{
	func(r *Reader) error { _, err := r.Tag(); return err },
	func(r *Reader) error { _, err := r.AString(); return err },
	func(r *Reader) error { _, _, err := r.NString(); return err },
	func(r *Reader) error { _, err := r.FlagList(); return err },
	func(r *Reader) error { _, err := r.NumSet(0); return err },
	func(r *Reader) error { _, err := r.ListMailbox(); return err },
	func(r *Reader) error { _, err := r.Mailbox('/'); return err },
	func(r *Reader) error { _, err := r.DateTime(); return err },
	func(r *Reader) error { _, err := r.Date(); return err },
	func(r *Reader) error { _, err := r.ModSeq(false); return err },
	func(r *Reader) error { _, err := r.Keyword(); return err },
}
