package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseContentType(t *testing.T) {
	t.Parallel()
	p := func(nv ...string) (params []Param) {
		for i := 0; i < len(nv); i += 2 {
			params = append(params, Param{nv[i], nv[i+1]})
		}
		return params
	}
	for _, test := range []struct {
		in, mediaType, subtype string
		params                 []Param
	}{
		{"text/plain", "text", "plain", nil},
		{"Text / HTML (comment); Charset = utf-8", "Text", "HTML", p("Charset", "utf-8")},
		{`text/plain; charset="us-ascii" (Plain text)`, "text", "plain", p("charset", "us-ascii")},
		{"text/plain; charset=us-ascii (Plain text)", "text", "plain", p("charset", "us-ascii")},
		{`a/b;;x="a\"b;c" ; y=`, "a", "b", p("x", `a"b;c`, "y", "")},
		{"text", "", "", nil},
		{"text/", "", "", nil},
		{"/plain", "", "", nil},
		{"", "", "", nil},
		{"a/b; name=My File.pdf; x=y", "a", "b", p("name", "My File.pdf", "x", "y")},
		{"a/b; charset=utf-8 name=x", "a", "b", p("charset", "utf-8", "name", "x")},
		{`a/b; name="unclosed; x=y`, "a", "b", p("name", "unclosed", "x", "y")},
		{"a/b; garbage; =x; x=y", "a", "b", p("x", "y")},
		{"a/b; boundary=a=_b/c", "a", "b", p("boundary", "a=_b/c")},
		{"a/b (unclosed; x=y", "a", "b", nil},
		// RFC 2231 §3, §4
		{`a/b; u*0="x"; v=w; U*1="y"`, "a", "b", p("u", "xy", "v", "w")},
		{`a/b; u*1="y"; u*0="x"; u*3="z"`, "a", "b", p("u", "xy")},
		{`a/b; u*1="x"; u*2="y"`, "a", "b", p("u", "xy")},
		{`a/b; u*0*=utf-8'en'%20; u*1="%x é"`, "a", "b", p("u*", "utf-8'en'%20%25x%20%C3%A9")},
		{`a/b; u*0="a b"; u*1*=%20c`, "a", "b", p("u*", "''a%20b%20c")},
		{`a/b; u*=utf-8''x; u=y`, "a", "b", p("u*", "utf-8''x", "u", "y")},
		{`a/b; u*x=y; *=z`, "a", "b", p("u*x", "y", "*", "z")},
	} {
		mediaType, subtype, params := parseContentType(test.in)
		if mediaType != test.mediaType || subtype != test.subtype {
			t.Errorf("%q: got %s/%s", test.in, mediaType, subtype)
		}
		if diff := cmp.Diff(test.params, params); diff != "" {
			t.Errorf("%q: %s", test.in, diff)
		}
	}
}

func TestFilename(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ disposition, contentType, want string }{
		{"attachment; filename=a.txt", "a/b; name=b.txt", "a.txt"},
		{"attachment", "a/b; name=b.txt", "b.txt"},
		{"attachment; filename=a.txt; filename*=utf-8''%e2%82%ac.txt", "", "€.txt"},
		{"attachment; filename*=iso-8859-1''%e9.txt", "", "é.txt"},
		{"attachment; filename*=unknown''%e9.txt", "", "é.txt"},
		{"attachment; filename*=plain%2", "", "plain%2"},
		{"attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac", "", "€"},
		{`attachment; filename="=?utf-8?q?=e2=82=ac?="`, "", "€"},
		{"attachment; filename=\"\xe9.txt\"", "", "é.txt"},
		{"inline", "a/b", ""},
	} {
		p := &Part{}
		p.apply(fieldContentDisposition, test.disposition)
		p.apply(fieldContentType, test.contentType)
		if got := p.Filename(); got != test.want {
			t.Errorf("%s, %s: got %q, want %q", test.disposition, test.contentType, got, test.want)
		}
	}
}
