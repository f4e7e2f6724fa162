package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const searchable = "From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\n" +
	"Subject: outer\r\n folded\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n" +
	"\r\n" +
	"preamble\r\n" +
	"--b\r\n" +
	"Content-Type: text/plain; charset=iso-8859-1\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n" +
	"\r\n" +
	"Gr=FC=DFe aus K=F6=\r\nln\r\n" +
	"--b\r\n" +
	"Content-Type: image/png\r\n" +
	"Content-Disposition: attachment; filename=picture.png\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"\r\n" +
	"aGlkZGVu\r\n" +
	"--b\r\n" +
	"Content-Type: message/rfc822\r\n" +
	"\r\n" +
	"Subject: =?iso-8859-1?q?inner_=E9?=\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"\r\n" +
	"ZGVlcCB0ZXh0\r\n" +
	"--b--\r\n"

func TestSearchText(t *testing.T) {
	t.Parallel()
	s := scan(Limits{}, []byte(searchable))
	r := strings.NewReader(searchable)
	var all, body strings.Builder
	if err := SearchText(&all, s, r, SearchAll); err != nil {
		t.Fatal(err)
	}
	if err := SearchText(&body, s, r, SearchBody); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		needle      string
		all, inBody bool
	}{
		{"From: Jörg <j@example.org>", true, false},
		{"outer folded", true, false},
		{"Grüße aus Köln", true, true},
		{"picture.png", true, true},
		{"inner é", true, true},
		{"deep text", true, true},
		{"hidden", false, false},
		{"preamble", false, false},
	} {
		if got := strings.Contains(all.String(), test.needle); got != test.all {
			t.Errorf("%q in all: %t", test.needle, got)
		}
		if got := strings.Contains(body.String(), test.needle); got != test.inBody {
			t.Errorf("%q in body: %t", test.needle, got)
		}
	}
}

func TestSearchTextStopsEarly(t *testing.T) {
	t.Parallel()
	s := scan(Limits{}, []byte(searchable))
	m := NewMatcher("GRÜßE")
	if err := SearchText(m, s, strings.NewReader(searchable), SearchAll); !errors.Is(err, io.ErrShortWrite) || !m.Matched() {
		t.Error(err, m.Matched())
	}
}

// failingReaderAt fails every read.
type failingReaderAt struct{ err error }

func (f failingReaderAt) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestSearchTextReportsErrors(t *testing.T) {
	t.Parallel()
	s := scan(Limits{}, []byte(searchable))
	for _, scope := range []SearchScope{SearchAll, SearchBody} {
		if err := SearchText(io.Discard, s, failingReaderAt{io.ErrNoProgress}, scope); err != io.ErrNoProgress {
			t.Error(scope, err)
		}
	}
}

func TestCharsetReader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ charset, in, want string }{
		{"", "caf\xc3\xa9 caf\xe9 \xe2\x82\xac \xe2\x82", "café café € â‚"},
		{"us-ascii", "\x93quoted\x94", "“quoted”"},
		{"utf-8", "caf\xc3\xa9 \xff", "café \ufffd"},
		{"UTF8", "é", "é"},
		{"iso-8859-1", "caf\xe9", "café"},
		{"ISO-8859-15", "\xa4", "€"},
		{"windows-1251", "\xcf\xf0", "Пр"},
		{"cp1252", "\x80", "€"},
		{"koi8-r", "\xf0", "П"},
		{"iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本"},
		{"shift_jis", "\x93\xfa", "日"},
		{"gb18030", "\xc4\xe3", "你"},
		{"hz-gb-2312", "~{Dc~}", "你"},
		{"big5", "\xa7A", "你"},
		{"euc-kr", "\xc7\xd1", "한"},
		{"utf-16", "\xfe\xff\x00a", "a"},
		{"utf-16le", "a\x00", "a"},
		{"utf-7", "a", "a"},
	} {
		r, ok := CharsetReader(test.charset, iotest.OneByteReader(strings.NewReader(test.in)))
		got, err := io.ReadAll(r)
		if err != nil || string(got) != test.want || ok != (test.charset != "utf-7") {
			t.Errorf("%s: got %q, %t, %v, want %q", test.charset, got, ok, err, test.want)
		}
	}
}

func TestDecodedTextUnknownCharset(t *testing.T) {
	t.Parallel()
	data := corpus(t)["testdata/structure/raw-octets.eml"]
	p := scan(Limits{}, data).Find([]int{1})
	got, err := io.ReadAll(DecodedText(p, bytes.NewReader(data)))
	if err != nil || string(got) != "qapla´" || p.Param("Charset") != "x-klingon" {
		t.Errorf("%q, %v", got, err)
	}
}
