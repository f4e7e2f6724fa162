package message

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// FuzzDecodedText reads a part in any charset and transfer encoding. It is UTF-8,
// not much longer than the part, and the same however the part is read.
func FuzzDecodedText(f *testing.F) {
	for _, charset := range []string{"utf-8", "iso-2022-jp", "gb18030", "big5", "euc-kr", "shift_jis", "utf-7", "utf-16", "utf-16le", "windows-1252", "koi8-r", "x-unknown", "", "us-ascii", "hz-gb-2312"} {
		f.Add(charset, "8bit", []byte("gr\xfc\xc3\xbc\x1b$B$\"\x1b(B ~{VPND~} +AOk-\x00\xff\xfe"))
	}
	f.Add("utf-8", "base64", []byte("Z3LDvMOf=\r\n=YQ"))
	f.Add("iso-8859-1", "quoted-printable", []byte("=FC=\r\n=C3=BC=ZZ"))
	f.Add("utf-8", "x-uuencode", []byte("begin 644 a\n#0V%T\n`\nend\n"))
	f.Fuzz(func(t *testing.T, charset, encoding string, data []byte) {
		p := &Part{Type: "text", Subtype: "plain", Encoding: encoding, Params: []Param{{Name: "charset", Value: charset}}, End: int64(len(data))}
		whole, err := io.ReadAll(DecodedText(p, bytes.NewReader(data)))
		if err != nil || !utf8.Valid(whole) || len(whole) > 8*len(data)+64 {
			t.Fatalf("%q in %q, %q becomes %q, %v", data, charset, encoding, whole, err)
		}
		by1, err := io.ReadAll(iotest.OneByteReader(DecodedText(p, bytes.NewReader(data))))
		if err != nil || !slices.Equal(whole, by1) {
			t.Fatalf("%q in %q, %q becomes %q, and read by octet %q, %v", data, charset, encoding, whole, by1, err)
		}
		if s := decodeCharset(charset, data); !utf8.ValidString(s) {
			t.Fatalf("%q in %q becomes %q", data, charset, s)
		}
	})
}

// FuzzMessageIDs reads anything as In-Reply-To or References.
func FuzzMessageIDs(f *testing.F) {
	f.Add("<a@b> <c@d>\r\n <e@f>")
	f.Add(`"x" <"a b"@[c]> (comment <g@h>) <<i@j> <`)
	f.Fuzz(func(t *testing.T, value string) {
		ids := ParseMessageIDs(value)
		for i, id := range ids {
			if id == "" || len(id) > len(value) || i > len(value) {
				t.Fatalf("%q has %q", value, ids)
			}
		}
	})
}
