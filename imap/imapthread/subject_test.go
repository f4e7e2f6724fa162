package imapthread_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/message"
)

var subjects = []struct {
	value, base string
	reply       bool
}{
	{"", "", false},
	{"hello", "hello", false},
	{"  hello \t world  ", "hello world", false},
	{"Re: hello", "hello", true},
	{"RE:hello", "hello", true},
	{"re  : hello", "hello", true},
	{"Fw: Fwd: FWD: hello", "hello", true},
	{"Re[2]: hello", "hello", true},
	{"Re [list] : hello", "hello", true},
	{"Re [a][b]: hello", "Re [a][b]: hello", false},
	{"Reply: hello", "Reply: hello", false},
	{"re hello", "re hello", false},
	{"[list] hello", "hello", false},
	{"[list] Re: hello", "hello", true},
	{"[a] [b]Re: [c] hello (fwd) (FWD)", "hello", true},
	{"Re: [a] re: [b]", "[b]", true},
	{"[a][b]", "[b]", false},
	{"[list]", "[list]", false},
	{"[] x", "x", false},
	{"[a[b]c] x", "[a[b]c] x", false},
	{"[a x", "[a x", false},
	{"[Fwd: hello]", "hello", true},
	{"[fwd: re: [list] hello (fwd) ]", "hello", true},
	{"[fwd: [fwd: hello]]", "hello", true},
	{"[fwd: hello] more", "more", false},
	{"[fwd: hello", "[fwd: hello", false},
	{"[fwd:]", "", true},
	{"hello (fwd)", "hello", true},
	{"(fwd)", "", true},
	{"Re:", "", true},
	{"Re: ", "", true},
	{"hello re:", "hello re:", false},
	{"=?utf-8?q?Re:_Gr=C3=BC=C3=9Fe?=", "Grüße", true},
	{"=?utf-8?q?Re:?= =?utf-8?b?IEdyw7zDn2U=?= (fwd)", "Grüße", true},
	{"=?utf-8?q?a=09_b?=", "a b", false},
	{"\xe4hnlich", "ähnlich", false},
	{"Re: [Ärger] =?x-unknown?q?x?=", "x", true},
}

func TestBaseSubject(t *testing.T) {
	t.Parallel()
	for _, one := range subjects {
		if base, reply := imapthread.BaseSubject(one.value); base != one.base || reply != one.reply {
			t.Errorf("%q: %q, %v, want %q, %v", one.value, base, reply, one.base, one.reply)
		}
	}
}

// TestBaseSubjectLong wants hostile subjects to take no longer than others: these
// would take minutes in quadratic time.
func TestBaseSubjectLong(t *testing.T) {
	t.Parallel()
	const n = 200_000
	for _, unit := range []string{"[a]", "[", "re[", "re:", "[fwd:", "[a]re:", "(fwd)", " ", "re [x]", "]"} {
		s := strings.Repeat(unit, n)
		imapthread.BaseSubject(s)
		imapthread.BaseSubject(s + "x")
		imapthread.BaseSubject(s + strings.Repeat("]", n))
	}
}

// slowBase does step by step what RFC 5256 §2.1 says, with the grammar's rules as
// they stand there.
func slowBase(value string) (string, bool) {
	s := message.DecodeHeader(value)
	s = strings.ReplaceAll(s, "\t", " ")
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	reply := false
	for {
		for again := true; again; { // step 2
			again = false
			if t, ok := strings.CutSuffix(s, " "); ok {
				s, again = t, true
			}
			if n := len(s) - 5; n >= 0 && lower(s[n:]) == "(fwd)" {
				s, again, reply = s[:n], true, true
			}
		}
		for again := true; again; { // steps 3 to 5
			again = false
			if n, isReply := slowLeader(s); n > 0 {
				s, again, reply = s[n:], true, reply || isReply
			}
			if n := slowBlob(s); n > 0 && strings.Trim(s[n:], " ") != "" {
				s, again = s[n:], true
			}
		}
		if len(s) < 6 || lower(s[:5]) != "[fwd:" || s[len(s)-1] != ']' { // step 6
			return s, reply
		}
		s, reply = s[5:len(s)-1], true
	}
}

func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func slowLeader(s string) (n int, reply bool) {
	if strings.HasPrefix(s, " ") {
		return 1, false
	}
	for {
		for _, word := range []string{"fwd", "fw", "re"} {
			if !strings.HasPrefix(lower(s[n:]), word) {
				continue
			}
			rest := strings.TrimLeft(s[n+len(word):], " ")
			rest = rest[slowBlob(rest):]
			if strings.HasPrefix(rest, ":") {
				return len(s) - len(rest) + 1, true
			}
		}
		more := slowBlob(s[n:])
		if more == 0 {
			return 0, false
		}
		n += more
	}
}

func slowBlob(s string) int {
	if !strings.HasPrefix(s, "[") {
		return 0
	}
	for i := 1; i < len(s) && s[i] != '[' && s[i] != 0; i++ {
		if s[i] == ']' {
			return len(s) - len(strings.TrimLeft(s[i+1:], " "))
		}
	}
	return 0
}

func FuzzBaseSubject(f *testing.F) {
	for _, one := range subjects {
		f.Add(one.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 2000 {
			return
		}
		base, reply := imapthread.BaseSubject(value)
		if want, wantReply := slowBase(value); base != want || reply != wantReply {
			t.Errorf("%q: %q, %v, want %q, %v", value, base, reply, want, wantReply)
		}
	})
}
