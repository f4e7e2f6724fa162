package message

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func surrogateOf(t testing.TB, text string) (string, bool) {
	t.Helper()
	scanner := NewScanner(Limits{})
	if _, err := io.WriteString(scanner, text); err != nil {
		t.Fatal(err)
	}
	r, err := Surrogate(scanner.Finish(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		return text, false
	}
	out, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil {
		t.Fatal(err)
	}
	return string(out), true
}

func TestSurrogate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"subject":  {"Subject: Grüße\r\nX: y\r\n\r\nö\r\n", "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nX: y\r\n\r\nö\r\n"},
		"latin 1":  {"Subject: Gr\xfc\xdfe\n\nx", "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\nx"},
		"name":     {"To: Jürgen <j@x.test>\r\n\r\n", "To: =?utf-8?q?J=C3=BCrgen?= <j@x.test>\r\n\r\n"},
		"domain":   {"To: j@grün.test\r\n\r\n", "To: j@xn--grn-ioa.test\r\n\r\n"},
		"address":  {"To: Joe <jürgen@x.test>, a@b.test\r\n\r\n", "To: Joe <invalid@internationalized-address.invalid>, a@b.test\r\n\r\n"},
		"nameless": {"To: jü@x.test\r\n\r\n", "To: =?utf-8?q?j=C3=BC=40x=2Etest?=\r\n <invalid@internationalized-address.invalid>\r\n\r\n"},
		"filename": {
			"Content-Type: text/plain; name=\"ä.txt\"\r\nContent-Disposition: attachment; filename=ä.txt\r\n\r\nx",
			"Content-Type: text/plain; name*=utf-8''%C3%A4.txt\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.txt\r\n\r\nx",
		},
		"excised":  {"Received: from ü by x\r\nMessage-ID: <ü@x>\r\nFoo: bar\r\n\r\nx", "Foo: bar\r\n\r\nx"},
		"unknown":  {"X-Spam: ü\r\n\r\nx", "X-Spam: =?utf-8?b?w7w=?=\r\n\r\nx"},
		"no field": {"Subject: a\r\nüüü\r\nX: y\r\n\r\nx", "Subject: =?utf-8?b?YcO8w7zDvA==?=\r\nX: y\r\n\r\nx"},
		"part": {
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Description: ü\r\n\r\nü\r\n--b--\r\nü",
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Description: =?utf-8?b?w7w=?=\r\n\r\nü\r\n--b--\r\nü",
		},
		"embedded": {
			"Content-Type: message/rfc822\r\n\r\nSubject: ü\r\n\r\nü",
			"Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?b?w7w=?=\r\n\r\nü",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := surrogateOf(t, c.in)
			if got != c.want {
				t.Errorf("from\n%q\ncame\n%q\nwant\n%q", c.in, got, c.want)
			}
		})
	}
}

func TestSurrogateNotNeeded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Subject: x\r\n\r\nGrüße\r\n", "\r\nü", "Subject: =?utf-8?q?=C3=BC?=\r\n\r\n"} {
		if got, changed := surrogateOf(t, text); changed {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestSurrogateTooLong(t *testing.T) {
	t.Parallel()
	text := "Subject: ü" + strings.Repeat("x", MaxSurrogateHeader) + "\r\n\r\n"
	scanner := NewScanner(Limits{})
	io.WriteString(scanner, text)
	if _, err := Surrogate(scanner.Finish(), strings.NewReader(text)); err != ErrHeaderTooLong {
		t.Errorf("a header of %d octets: %v", len(text), err)
	}
}

// FuzzSurrogate wants headers without octets above 127, and bodies unchanged.
func FuzzSurrogate(f *testing.F) {
	f.Add([]byte("Subject: Grüße\r\nTo: ü@x.test, \"ö\" <a@b>, g: x@ä;\r\n\r\nö\r\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b; x=ü\r\n\r\n--b\r\nContent-Disposition: ü; a=ö\r\n\r\nü\r\n--b--"))
	f.Add([]byte("ü: x\n\xff\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, changed := surrogateOf(t, string(text))
		if !changed {
			return
		}
		scanner := NewScanner(Limits{})
		scanner.Write([]byte(out))
		header := out[:scanner.Finish().Root.BodyStart]
		if n := asciiPrefix([]byte(header)); n < len(header) {
			t.Errorf("%q: the header %q is not ASCII at %d", text, header, n)
		}
		before := NewScanner(Limits{})
		before.Write(text)
		root := before.Finish().Root
		if len(root.Children) == 0 && !bytes.HasSuffix([]byte(out), text[root.BodyStart:]) {
			t.Errorf("%q: the body has changed in %q", text, out)
		}
	})
}
