package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func encodeBinary(in string) (string, error) {
	var out bytes.Buffer
	err := EncodeBinary(&out, scan(Limits{}, []byte(in)), strings.NewReader(in), int64(len(in)))
	return out.String(), err
}

func TestEncodeBinary(t *testing.T) {
	t.Parallel()
	const outer = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	for name, test := range map[string]struct{ in, want string }{
		"nothing to do": {"A: b\r\n\r\nbody\r\n", "A: b\r\n\r\nbody\r\n"},
		"whole": {"A: b\r\nContent-Transfer-Encoding: binary\r\nC: d\r\n\r\n\x00\x01\x02",
			"A: b\r\nC: d\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC"},
		"no header": {"\r\n\x00", "Content-Transfer-Encoding: base64\r\n\r\nAA=="},
		"one of three": {
			outer + "--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: BINARY\r\n\r\n\x00\r\n\xff\r\n--b\r\n" +
				"Content-Type: image/gif\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\r\n--b--\r\nend\r\n",
			outer + "--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAA0K/w==\r\n--b\r\n" +
				"Content-Type: image/gif\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\r\n--b--\r\nend\r\n",
		},
	} {
		got, err := encodeBinary(test.in)
		if err != nil || got != test.want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, test.want)
		}
	}
	for _, in := range []string{
		"A: \x00\r\n\r\nbody", "Content-Transfer-Encoding: base64\r\n\r\n\x00", "Content-Transfer-Encoding: x-mine\r\n\r\n\x00",
		"\x00", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\x00",
		outer + "\x00\r\n--b\r\n\r\ntext\r\n--b--\r\n", outer + "--b\r\n\r\ntext\r\n--b--\r\n\x00",
	} {
		if got, err := encodeBinary(in); !errors.Is(err, ErrBinary) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// FuzzEncodeBinary checks that no NUL is left, and that no part is lost.
func FuzzEncodeBinary(f *testing.F) {
	f.Add("A: b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\x00\r\n--b\r\n\r\nx\r\n--b--")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := encodeBinary(in)
		if err != nil {
			return
		}
		if strings.Contains(got, "\x00") {
			t.Fatalf("a NUL is left in %q", got)
		}
		before, after := scan(Limits{}, []byte(in)).Root, scan(Limits{}, []byte(got)).Root
		if !samePart(before, after, in, got) {
			t.Fatalf("%q became %q", in, got)
		}
	})
}

// samePart compares decoded parts.
func samePart(a, b *Part, in, out string) bool {
	if len(a.Children) != len(b.Children) {
		return false
	}
	for i := range a.Children {
		if !samePart(a.Children[i], b.Children[i], in, out) {
			return false
		}
	}
	if len(a.Children) > 0 {
		return true
	}
	x, _ := io.ReadAll(DecodedBody(a, strings.NewReader(in)))
	y, _ := io.ReadAll(DecodedBody(b, strings.NewReader(out)))
	return bytes.Equal(x, y)
}
