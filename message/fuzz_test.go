package message

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func FuzzScanner(f *testing.F) {
	for _, data := range corpus(f) {
		f.Add(data, 5)
	}
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		limits := Limits{Depth: 6, Parts: 20, Header: 500, Text: 700, Addresses: 20}
		whole := scan(limits, data)
		checkInvariants(t, whole, data)
		if diff := cmp.Diff(whole, scan(limits, split(data, max(1, n))...)); diff != "" {
			t.Fatal(diff)
		}
		if _, err := DecodeStructure(whole.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeHeader(f *testing.F) {
	for _, test := range headerTexts {
		f.Add(test.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if out := DecodeHeader(s); !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
	})
}

func FuzzAddressList(f *testing.F) {
	for _, test := range addressLists {
		f.Add(test.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		open := false
		for _, a := range ParseAddressList(s) {
			if a.IsGroupStart() == open && !a.IsMailbox() {
				t.Fatalf("group markers out of order: %q", ParseAddressList(s))
			}
			if !a.IsMailbox() {
				open = !open
			}
		}
		if open {
			t.Fatal("group not closed")
		}
		strict, err := ParseMailboxes(s)
		if err != nil {
			return
		}
		for _, a := range strict {
			again, err := ParseMailboxes(a.Addr())
			if err != nil || len(again) != 1 || again[0].Mailbox != a.Mailbox || again[0].Host != a.Host {
				t.Fatalf("%q became %q, %v", a, again, err)
			}
		}
	})
}

func FuzzParams(f *testing.F) {
	f.Add(`text/plain; charset="utf-8"; name*0*=utf-8''a%20; name*1="b"`)
	f.Add(`a/b; x=y z; q="unclosed; r=s (comment) t=u`)
	f.Fuzz(func(t *testing.T, s string) {
		_, _, params := parseContentType(s)
		for _, p := range params {
			if p.Name == "" {
				t.Fatal("parameter without a name")
			}
			if v := DecodedParam(params, p.Name); !utf8.ValidString(v) {
				t.Fatalf("%q is not UTF-8", v)
			}
		}
	})
}
