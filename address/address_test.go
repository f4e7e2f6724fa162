package address

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, local, domain string
	}{
		{"alice@example.test", "alice", "example.test"},
		{"Alice@EXAMPLE.Test", "Alice", "example.test"},
		{"a.b+c@x", "a.b+c", "x"},
		{"!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~", "x.test"},
		{`"alice"@example.test`, "alice", "example.test"},
		{`"a b"@example.test`, "a b", "example.test"},
		{`"a\"b\\c"@example.test`, `a"b\c`, "example.test"},
		{`"a@b>c"@example.test`, "a@b>c", "example.test"},
		{`""@example.test`, "", "example.test"},
		{"bob@[192.0.2.1]", "bob", "[192.0.2.1]"},
		{"bob@[IPv6:2001:DB8:0::1]", "bob", "[IPv6:2001:db8::1]"},
		{"bob@[ipv6:::ffff:192.0.2.1]", "bob", "[IPv6:::ffff:192.0.2.1]"},
		{"müller@bücher.example", "müller", "xn--bcher-kva.example"},
		{"x@BÜCHER.example", "x", "xn--bcher-kva.example"},
		{"x@XN--BCHER-KVA.example", "x", "xn--bcher-kva.example"},
		{"x@r3---sn-abc.example", "x", "r3---sn-abc.example"},
		{"用户@例え.テスト", "用户", "xn--r8jz45g.xn--zckzah"},
		{strings.Repeat("a", 100) + "@x.test", strings.Repeat("a", 100), "x.test"},
	}
	for _, tt := range tests {
		a, err := Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if string(a.Local) != tt.local || a.Domain.String() != tt.domain {
			t.Errorf("Parse(%q) = %q at %q, want %q at %q", tt.in, string(a.Local), a.Domain, tt.local, tt.domain)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []string{
		"", "@", "alice", "alice@", "@example.test", "alice@@example.test",
		".a@x.test", "a.@x.test", "a..b@x.test", "a b@x.test", "a@x.test ", " a@x.test",
		"<a@x.test>", "a@x.test.", "a@.x.test", "a@x..test", "a@-x.test", "a@x-.test", "a@x_y.test",
		`"a@x.test`, `"a"b@x.test`, "\"a\r\nb\"@x.test", `"a\`, "a\x00b@x.test", "\"a\x00\"@x.test",
		"\"\\\x01\"@x.test", "a@x.test\r\n", "a\n@x.test", "a\x7fb@x.test",
		"a@[192.0.2.1", "a@[192.0.2]", "a@[192.0.2.1]x", "a@[2001:db8::1]", "a@[IPv6:192.0.2.1]", "a@[IPv6:fe80::1%eth0]",
		"a@[x-tag:1]", "a@[]",
		"\xff@x.test", "a@\xff.test", "a\u0085b@x.test", "a@xn--a.test",
		strings.Repeat("a", 255) + "@x.test",
		"\"" + strings.Repeat("a", 300) + "\"@x.test",
		"a@" + strings.Repeat("a", 64) + ".test",
		"a@" + strings.Repeat("a.", 126) + "test",
	}
	for _, in := range tests {
		a, err := Parse(in)
		if err == nil {
			t.Errorf("Parse(%q) = %q, want an error", in, a)
			continue
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q): error is a %T, want *SyntaxError", in, err)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a@x.test> SIZE=1":     "> SIZE=1",
		`"a>b"@[192.0.2.1]>`:   ">",
		"a@x.test":             "",
		"a@bücher.example,b@y": ",b@y",
	} {
		_, rest, err := ParsePrefix(in)
		if err != nil || rest != want {
			t.Errorf("ParsePrefix(%q) leaves %q, %v; want %q", in, rest, err, want)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		`"alice"@EXAMPLE.test`:    {"alice@example.test", "alice@example.test"},
		`"a.b"@x.test`:            {"a.b@x.test", "a.b@x.test"},
		`"a..b"@x.test`:           {`"a..b"@x.test`, `"a..b"@x.test`},
		`"\a\ \"\\"@x.test`:       {`"a \"\\"@x.test`, `"a \"\\"@x.test`},
		`""@x.test`:               {`""@x.test`, `""@x.test`},
		"müller@bücher.example":   {"müller@xn--bcher-kva.example", "müller@bücher.example"},
		"bob@[IPv6:2001:DB8::0]":  {"bob@[IPv6:2001:db8::]", "bob@[IPv6:2001:db8::]"},
		"x@xn--bcher-kva.example": {"x@xn--bcher-kva.example", "x@bücher.example"},
	} {
		a, err := Parse(in)
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			continue
		}
		if a.String() != want[0] || a.Unicode() != want[1] {
			t.Errorf("Parse(%q) prints as %q and %q, want %q", in, a.String(), a.Unicode(), want)
		}
	}
	if got := (Address{}).String() + (Address{}).Unicode(); got != "" {
		t.Errorf("the zero Address prints as %q", got)
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Alice@Example.TEST":  "alice@example.test",
		`"Alice"@x.test`:      "alice@x.test",
		"MU\u0308LLER@x.test": "m\u00fcller@x.test",
		"m\u00fcller@x.test":  "m\u00fcller@x.test",
	} {
		a, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Canonical().String(); got != want {
			t.Errorf("canonical form of %q is %q, want %q", in, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		local, separators, user, detail string
		ok                              bool
	}{
		{"alice+lists", "+", "alice", "lists", true},
		{"alice+a+b", "+", "alice", "a+b", true},
		{"alice+", "+", "alice", "", true},
		{"alice-x+y", "+-", "alice", "x+y", true},
		{"alice·x", "·", "alice", "x", true},
		{"+x", "+", "+x", "", false},
		{"alice", "+", "alice", "", false},
		{"alice+x", "", "alice+x", "", false},
	}
	for _, tt := range tests {
		user, detail, ok := LocalPart(tt.local).Split(tt.separators)
		if string(user) != tt.user || detail != tt.detail || ok != tt.ok {
			t.Errorf("Split(%q, %q) = %q, %q, %v", tt.local, tt.separators, string(user), detail, ok)
		}
	}
}

func TestParseLocalPart(t *testing.T) {
	t.Parallel()
	if l, err := ParseLocalPart(`"a b"`); err != nil || l != "a b" {
		t.Errorf("got %q, %v", string(l), err)
	}
	if _, err := ParseLocalPart("a@b"); err == nil {
		t.Error("a whole address was taken for a local part")
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr("2001:db8::1")
	if got, ok := LiteralOf(ip).Literal(); !ok || got != ip {
		t.Errorf("Literal() = %v, %v", got, ok)
	}
	d, err := ParseDomain("example.test")
	if err != nil {
		t.Fatal(err)
	}
	if ip, ok := d.Literal(); ok {
		t.Errorf("a domain name is the literal %v", ip)
	}
}

func TestIsASCII(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"a@bücher.example": true, "ü@x.test": false} {
		a, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if a.IsASCII() != want {
			t.Errorf("IsASCII of %q is %v", in, !want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var v struct {
		A, None Address
		D, No   Domain
	}
	const text = `{"A":"a@xn--bcher-kva.example","None":"","D":"x.test","No":""}`
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(v); err != nil || string(out) != text {
		t.Errorf("came back as %s, %v", out, err)
	}
	for _, bad := range []string{`{"A":"a"}`, `{"D":"a b"}`} {
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"alice@example.test", `"a\"b c"@x.test`, "bob@[192.0.2.1]", "bob@[IPv6:2001:db8::1]",
		"müller@bücher.example", "x@xn--bcher-kva.example", "a..b@x", "\"\\", "İ@x.test", "x@a。b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if len(a.Domain.String()) > 253 || !isASCII(a.Domain.String()) {
			t.Errorf("%q has the domain %q", s, a.Domain)
		}
		if len(a.String()) <= MaxAddress {
			again, err := Parse(a.String())
			if err != nil || again != a {
				t.Errorf("%q prints as %q, which parses as %q, %v", s, a, again, err)
			}
		}
		if c := a.Canonical(); c != c.Canonical() {
			t.Errorf("%q: the canonical form %q is not canonical", s, c)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00") {
			t.Errorf("%q prints as %q", s, a.String())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("alice+lists@mail.example.test"); err != nil {
			b.Fatal(err)
		}
	}
}
