package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const rawHeader = "mbox line, no field\r\n" +
	"From: a@b\r\n" +
	"SUBJECT : one\r\n\t two \r\n" +
	"broken line\r\n" +
	"X-Empty:\r\n" +
	"To: x\n" +
	"subject: three\r\n" +
	"\r\n" +
	"Subject: body\r\n"

func TestHeaderFields(t *testing.T) {
	t.Parallel()
	var got [][2]string
	raw := ""
	for f := range Header(rawHeader).Fields() {
		got = append(got, [2]string{string(f.Name()), f.Text()})
		raw += string(f.Raw)
	}
	want := [][2]string{{"", ""}, {"From", "a@b"}, {"SUBJECT", "one\t two broken line"}, {"X-Empty", ""}, {"To", "x"}, {"subject", "three"}}
	want[2][1] = "one\t two broken line"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if raw+"\r\nSubject: body\r\n" != rawHeader {
		t.Errorf("raw fields are %q", raw)
	}
}

func TestHeaderGet(t *testing.T) {
	t.Parallel()
	h := Header(rawHeader)
	if got := h.Values("Subject"); len(got) != 2 || got[1] != "three" {
		t.Errorf("Values: %q", got)
	}
	if got, ok := h.Get("to"); got != "x" || !ok {
		t.Errorf("Get: %q %t", got, ok)
	}
	if got, ok := h.Get("x-empty"); got != "" || !ok {
		t.Errorf("Get empty: %q %t", got, ok)
	}
	if _, ok := h.Get("cc"); ok {
		t.Error("Get finds what is not there")
	}
}

func TestHeaderFilter(t *testing.T) {
	t.Parallel()
	h := Header(rawHeader)
	for _, test := range []struct {
		name, got, want string
	}{
		{"only", string(h.Only("subject", "FROM")),
			"From: a@b\r\nSUBJECT : one\r\n\t two \r\nbroken line\r\nsubject: three\r\n\r\n"},
		{"only none", string(h.Only("bcc")), "\r\n"},
		{"only empty name", string(h.Only("")), "\r\n"},
		{"without", string(h.Without("subject", "from")), "mbox line, no field\r\nX-Empty:\r\nTo: x\n\r\n"},
		{"no blank line", string(Header("A: b\r\nC: d").Only("c")), "C: d"},
		{"no blank line, none", string(Header("A: b\r\n").Only("c")), ""},
		{"LF", string(Header("A: b\n\nbody").Only("a")), "A: b\n\n"},
		{"nothing", string(Header("").Only("a")), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestHeaderDoesNotAllocate(t *testing.T) {
	h := Header(rawHeader)
	n := testing.AllocsPerRun(100, func() {
		for f := range h.Fields() {
			f.Is("subject")
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(rawHeader))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := Header(data)
		end := 0
		for field := range h.Fields() {
			end += len(field.Raw)
			if len(field.Raw) == 0 || len(field.Name())+len(field.Value()) > len(field.Raw) {
				t.Fatalf("%q: %q %q", field.Raw, field.Name(), field.Value())
			}
		}
		if end < len(h) && !startsBlank(h[end:]) {
			t.Fatalf("ends at %d of %q", end, data)
		}
		s := scan(Limits{}, data)
		if want := int64(end + len(blankLine(h[end:]))); s.Root.BodyStart > want {
			t.Fatalf("the scanner says %d, the fields %d, of %q", s.Root.BodyStart, want, data)
		}
	})
}

func TestParseMessageIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"<a@b>", []string{"a@b"}},
		{"<a@b> <c@d>\r\n\t<e@f>", []string{"a@b", "c@d", "e@f"}},
		{"Your message of Monday <a@b> (comment)", []string{"a@b"}},
		{"<a@b><c\r\n @d>", []string{"a@b", "c@d"}},
		{"<<a@b>>", []string{"a@b"}},
		{"<a@b", nil},
		{"<>", nil},
		{"a@b", nil},
		{"", nil},
	} {
		if diff := cmp.Diff(test.want, ParseMessageIDs(test.in)); diff != "" {
			t.Errorf("%q: %s", test.in, diff)
		}
	}
}
