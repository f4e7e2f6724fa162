package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mb(name, mailbox, host string) Address {
	return Address{Name: name, Mailbox: mailbox, Host: host}
}

func group(name string) Address { return Address{Mailbox: name} }

var groupEnd = Address{}

var addressLists = []struct {
	in     string
	strict bool
	want   []Address
}{
	{"", false, nil},
	{" , ,", false, nil},
	{"a@b.example", true, []Address{mb("", "a", "b.example")}},
	{"John Doe <jdoe@machine.example>", true, []Address{mb("John Doe", "jdoe", "machine.example")}},
	{`"Joe Q. Public" <john.q.public@example.com>`, true, []Address{mb("Joe Q. Public", "john.q.public", "example.com")}},
	// RFC 5322 §A.1.2
	{`Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>`, true,
		[]Address{mb("Mary Smith", "mary", "x.test"), mb("", "jdoe", "example.org"), mb("Who?", "one", "y.test")}},
	{`<boss@nil.test>, "Giant; \"Big\" Box" <sysservices@example.net>`, true,
		[]Address{mb("", "boss", "nil.test"), mb(`Giant; "Big" Box`, "sysservices", "example.net")}},
	// RFC 5322 §A.1.3
	{`A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;`, false,
		[]Address{group("A Group"), mb("Ed Jones", "c", "a.test"), mb("", "joe", "where.test"), mb("John", "jdoe", "one.test"), groupEnd}},
	{"Undisclosed recipients:;", false, []Address{group("Undisclosed recipients"), groupEnd}},
	{"group: g1@d1.org, g2@d2.org;, group2: g3@d3.org;", false, []Address{
		group("group"), mb("", "g1", "d1.org"), mb("", "g2", "d2.org"), groupEnd,
		group("group2"), mb("", "g3", "d3.org"), groupEnd}},
	// RFC 5322 §A.5
	{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", true, []Address{mb("Pete", "pete", "silly.test")}},
	{"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n  joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)", false,
		[]Address{group("A Group"), mb("Chris Jones", "c", "public.example"), mb("", "joe", "example.org"), mb("John", "jdoe", "one.test"), groupEnd}},
	// RFC 5322 §A.6.1
	{`Joe Q. Public <john.q.public@example.com>`, true, []Address{mb("Joe Q. Public", "john.q.public", "example.com")}},
	{`Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example`, true,
		[]Address{{"Mary Smith", "@node.test", "mary", "example.net"}, mb("", "jdoe", "test.example")}},
	{"<@a.test,@b.test:c@d.test>", true, []Address{{"", "@a.test,@b.test", "c", "d.test"}}},
	{"a . b @ c . d", true, []Address{mb("", "a.b", "c.d")}},
	{`"much.more unusual"@example.com`, true, []Address{mb("", "much.more unusual", "example.com")}},
	{`"a\"b"@example.com`, true, []Address{mb("", `a"b`, "example.com")}},
	{"a@[192.0.2.1], b@[IPv6:::1]", true, []Address{mb("", "a", "[192.0.2.1]"), mb("", "b", "[IPv6:::1]")}},
	// comments as names
	{"user@domain (Real Name)", true, []Address{mb("Real Name", "user", "domain")}},
	{"<user@domain> (Real Name)", true, []Address{mb("Real Name", "user", "domain")}},
	// encoded words, also with what they must not have
	{"=?utf-8?q?J=C3=B6rg?= <j@a.example>", true, []Address{mb("=?utf-8?q?J=C3=B6rg?=", "j", "a.example")}},
	{"=?utf-8?q?Doe,_Jane?= <j@a.example>", false, []Address{mb("=?utf-8?q?Doe,_Jane?=", "j", "a.example")}},
	// RFC 6532
	{"Jörg <jörg@bücher.example>", true, []Address{mb("Jörg", "jörg", "bücher.example")}},
	// RFC 7103 §7.1
	{"<@example.net:fran@example.com>", true, []Address{{"", "@example.net", "fran", "example.com"}}},
	{"<<<user2@example.org>>>", false, []Address{mb("", "user2", "example.org")}},
	{"<another@example.net", false, []Address{mb("", "another", "example.net")}},
	{"second@example.org>", false, []Address{mb("", "second", "example.org")}},
	{"(Testing <fran@example.com>", false, []Address{mb("Testing", "fran", "example.com")}},
	{"Testing) <sam@example.com>", false, []Address{mb("Testing)", "sam", "example.com")}},
	{"<third@example.net, fourth@example.net>", false, []Address{mb("", "third", "example.net"), mb("", "fourth", "example.net")}},
	{`"Joe <joe@example.com>`, false, []Address{mb("Joe", "joe", "example.com")}},
	{"Joe", false, []Address{mb("", "Joe", MissingDomain)}},
	{"Joe Public", false, []Address{mb("Joe Public", MissingMailbox, MissingDomain)}},
	// what else comes along
	{"<>", false, []Address{mb("", MissingMailbox, MissingDomain)}},
	{"a@", false, []Address{mb("", "a", MissingDomain)}},
	{"@b", false, []Address{mb("", MissingMailbox, "b")}},
	{"John Doe jdoe@machine.example", false, []Address{mb("John Doe", "jdoe", "machine.example")}},
	{"a@b.example; c@d.example", false, []Address{mb("", "a", "b.example"), mb("", "c", "d.example")}},
	{"a@b.example@c.example", false, []Address{mb("", "a@b.example", "c.example")}},
	{"a..b@c.example", false, []Address{mb("", "a..b", "c.example")}},
	{"One <a@b.example> Two <c@d.example>", false, []Address{mb("One", "a", "b.example"), mb("Two", "c", "d.example")}},
	{"<a@b.example> (One) noise, <c@d.example>> <x>", false, []Address{mb("One", "a", "b.example"), mb("", "c", "d.example")}},
	{"open: a@b.example", false, []Address{group("open"), mb("", "a", "b.example"), groupEnd}},
	{"a@b example", false, []Address{mb("", "a", "b")}},
	{"a@b..example", false, []Address{mb("", "a", "b..example")}},
	{"a b@c.example", false, []Address{mb("a", "b", "c.example")}},
}

func TestParseAddressList(t *testing.T) {
	t.Parallel()
	for _, test := range addressLists {
		if diff := cmp.Diff(test.want, ParseAddressList(test.in)); diff != "" {
			t.Errorf("%q: %s", test.in, diff)
		}
		strict, err := ParseMailboxes(test.in)
		if (err == nil) != test.strict {
			t.Errorf("%q: strictly %q, %v", test.in, strict, err)
		}
		if err == nil {
			if diff := cmp.Diff(test.want, strict); diff != "" {
				t.Errorf("%q strictly: %s", test.in, diff)
			}
		}
	}
}

func TestAddr(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   Address
		want string
	}{
		{mb("x", "a.b", "c"), "a.b@c"},
		{mb("", "a b", "c"), `"a b"@c`},
		{mb("", `a"\`, "c"), `"a\"\\"@c`},
		{mb("", "", "c"), `""@c`},
		{group("g"), ""},
		{groupEnd, ""},
	} {
		if got := test.in.Addr(); got != test.want {
			t.Errorf("%q: got %s, want %s", test.in, got, test.want)
		}
	}
}
