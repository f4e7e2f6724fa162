package message

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestTransferDecoder(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10000)
	for _, test := range []struct{ encoding, in, want string }{
		{"7bit", "a=20b", "a=20b"},
		{"x-uuencode", "a=20b", "a=20b"},
		{"BASE64", "aGVsbG8=\r\n", "hello"},
		{"base64", "aGVs\r\nbG8", "hello"},
		{"base64", "aGVsbG8=aGVsbG8=", "hellohello"},
		{"base64", "a(G)V*sbG8=", "hello"},
		{"base64", "====", ""},
		{"base64", "a", ""},
		{"base64", "", ""},
		{"quoted-printable", "a=3Db=\r\n c=\n=E2=82=ac", "a=b c€"},
		{"quoted-printable", "trailing \t\r\nspace  \n", "trailing\r\nspace\n"},
		{"quoted-printable", "soft = \t\r\nbreak", "soft break"},
		{"quoted-printable", "kept  =\r\nspace", "kept  space"},
		{"quoted-printable", "=XY =4 =\r=", "=XY =4 =\r"},
		{"quoted-printable", "==41=3", "=A=3"},
		{"quoted-printable", "end  ", "end  "},
		{"quoted-printable", "bare\rreturn \r x", "bare\rreturn \r x"},
		{"quoted-printable", long + "=\r\n" + long, long + long},
		{"quoted-printable", strings.Repeat(" ", 5000) + "x", strings.Repeat(" ", 5000) + "x"},
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "one": iotest.OneByteReader, "data error": iotest.DataErrReader,
		} {
			got, err := io.ReadAll(TransferDecoder(test.encoding, wrap(strings.NewReader(test.in))))
			if err != nil || string(got) != test.want {
				t.Errorf("%s %.40q %s: got %.40q, %v, want %.40q", test.encoding, test.in, name, got, err, test.want)
			}
		}
	}
}

func TestTransferDecoderKeepsErrors(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"base64", "quoted-printable", "7bit"} {
		r := TransferDecoder(encoding, io.MultiReader(strings.NewReader("YWJj"), iotest.ErrReader(io.ErrNoProgress)))
		if got, err := io.ReadAll(r); err != io.ErrNoProgress || len(got) == 0 {
			t.Errorf("%s: %q, %v", encoding, got, err)
		}
	}
}

func TestTransferRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 9000).Draw(rt, "data")
		coded := base64.StdEncoding.EncodeToString(data)
		got, _ := io.ReadAll(TransferDecoder("base64", strings.NewReader(coded)))
		if !bytes.Equal(got, data) {
			rt.Fatal("base64 differs")
		}
		var qp bytes.Buffer
		w := quotedprintable.NewWriter(&qp)
		w.Binary = true
		_, _ = w.Write(data)
		_ = w.Close()
		got, _ = io.ReadAll(TransferDecoder("quoted-printable", &qp))
		if !bytes.Equal(got, data) {
			rt.Fatal("quoted-printable differs")
		}
	})
}

// decodeQPPlainly decodes octet by octet.
func decodeQPPlainly(data []byte) []byte {
	var q qpReader
	for _, c := range data {
		q.take(c)
	}
	q.finish()
	return q.dst
}

// TestQuotedPrintableByLines compares the way by lines with that by octets.
func TestQuotedPrintableByLines(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{"=", "=\r\n", "=4", "=41", "=zz", "= ", " ", "\t", "\r", "\n", "\r\n", "word", strings.Repeat(" ", maxHold)})
	rapid.Check(t, func(rt *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(pieces, 0, 30).Draw(rt, "pieces"), ""))
		var chunks []io.Reader
		for _, c := range split(data, rapid.IntRange(1, 50).Draw(rt, "chunk")) {
			chunks = append(chunks, bytes.NewReader(c))
		}
		got, err := io.ReadAll(TransferDecoder("quoted-printable", io.MultiReader(chunks...)))
		if want := decodeQPPlainly(data); err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("%q: %q, want %q, %v", data, got, want, err)
		}
	})
}

func FuzzTransferDecoder(f *testing.F) {
	f.Add([]byte("a=3Db=\r\n c= \r\n=E2=8"), 3)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		for _, encoding := range []string{"base64", "quoted-printable"} {
			whole, _ := io.ReadAll(TransferDecoder(encoding, bytes.NewReader(data)))
			var chunks []io.Reader
			for _, c := range split(data, max(1, n)) {
				chunks = append(chunks, bytes.NewReader(c))
			}
			cut, _ := io.ReadAll(TransferDecoder(encoding, io.MultiReader(chunks...)))
			if !bytes.Equal(whole, cut) {
				t.Fatalf("%s: %q and %q", encoding, whole, cut)
			}
			if len(whole) > len(data) {
				t.Fatalf("%s grew", encoding)
			}
			if plain := decodeQPPlainly(data); encoding == "quoted-printable" && !bytes.Equal(whole, plain) {
				t.Fatalf("%q, octet by octet %q", whole, plain)
			}
		}
	})
}

func TestKnownEncoding(t *testing.T) {
	t.Parallel()
	for encoding, want := range map[string]bool{
		"": true, "7BIT": true, "8bit": true, "Binary": true, "base64": true, "Quoted-Printable": true, "x-uuencode": false,
	} {
		if KnownEncoding(encoding) != want {
			t.Errorf("%q: %t", encoding, !want)
		}
	}
}
