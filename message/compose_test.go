package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestHeaderBuilder(t *testing.T) {
	t.Parallel()
	var h HeaderBuilder
	h.Date("Date", time.Date(1997, 11, 21, 9, 55, 6, 0, time.FixedZone("", -6*3600)))
	h.Text("Subject", "plain, with a text that is rather long, so that it has to be folded somewhere: here?")
	h.Text("Subject", "Größe\r\nBcc: evil@example.org")
	h.Text("Subject", "日本語の長い件名はエンコードされたワードに分割されなければなりません")
	h.Text("Subject", "looks =?utf-8?q?encoded?=")
	h.Text("Comments", "")
	h.Addresses("From", []Address{mb("John Doe", "jdoe", "example.org"), mb("Doe, Jane", "jane", "example.org"),
		mb("Jörg", "joerg", "example.org"), mb("", "a b", "example.org")})
	h.Addresses("To", []Address{group("undisclosed recipients"), groupEnd})
	h.Addresses("Cc", []Address{group("Friends"), mb("", "a", "b"), mb("", "c", "d"), groupEnd, mb("", "e", "f")})
	h.Structured("In-Reply-To", "<a@b>")
	h.Params("Content-Type", "text/plain", Param{"charset", "utf-8"}, Param{"name", "a b.txt"}, Param{"x", "é"})
	want := `Date: Fri, 21 Nov 1997 09:55:06 -0600
Subject: plain, with a text that is rather long, so that it has to be folded
 somewhere: here?
Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe__Bcc=3A_evil=40example=2Eorg?=
Subject: =?utf-8?b?5pel5pys6Kqe44Gu6ZW344GE5Lu25ZCN44Gv44Ko44Oz44Kz44O844OJ?=
 =?utf-8?b?44GV44KM44Gf44Ov44O844OJ44Gr5YiG5Ymy44GV44KM44Gq44GR44KM44Gw?=
 =?utf-8?b?44Gq44KK44G+44Gb44KT?=
Subject: =?utf-8?q?looks_=3D=3Futf-8=3Fq=3Fencoded=3F=3D?=
Comments:
From: John Doe <jdoe@example.org>, "Doe, Jane" <jane@example.org>,
 =?utf-8?q?J=C3=B6rg?= <joerg@example.org>, "a b"@example.org
To: undisclosed recipients:;
Cc: Friends: a@b, c@d;, e@f
In-Reply-To: <a@b>
Content-Type: text/plain; charset=utf-8; name="a b.txt"; x*=utf-8''%C3%A9
`
	if diff := cmp.Diff(want, strings.ReplaceAll(string(h.Bytes()), "\r\n", "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderBuilderRefusesNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a:b", "a\r\nb", "é"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", name)
				}
			}()
			new(HeaderBuilder).Text(name, "x")
		}()
	}
}

// TestComposeProperties checks that any text comes back, that lines are short
// enough and ASCII, and that no value makes a field of its own.
func TestComposeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		name := rapid.StringN(1, 60, -1).Draw(rt, "name")
		var h HeaderBuilder
		h.Text("Subject", text)
		h.Addresses("To", []Address{mb(name, "a", "b.example"), mb(text, "c", "d.example")})
		h.Params("Content-Disposition", "attachment", Param{"filename", text})
		count := 0
		for f := range Header(h.Bytes()).Fields() {
			count++
			for _, line := range bytes.SplitAfter(f.Raw, []byte("\n")) {
				if len(line) > 998 && !f.Is("content-disposition") || asciiPrefix(line) != len(line) {
					rt.Fatalf("line %q", line)
				}
			}
		}
		if count != 3 {
			rt.Fatalf("%d fields in %q", count, h.Bytes())
		}
		subject, _ := Header(h.Bytes()).Get("Subject")
		if got, want := DecodeHeader(subject), trimSpace(flatten(text)); got != want && !hasControl(want) {
			rt.Fatalf("%q came back as %q", want, got)
		}
		to, _ := Header(h.Bytes()).Get("To")
		list := ParseAddressList(to)
		if len(list) != 2 || list[0].Addr() != "a@b.example" || list[1].Addr() != "c@d.example" {
			rt.Fatalf("addresses of %q: %q", to, list)
		}
	})
}

func TestMultipartWriter(t *testing.T) {
	t.Parallel()
	random := strings.NewReader(strings.Repeat("r", 45))
	boundary, err := NewBoundary(random)
	if err != nil {
		t.Fatal(err)
	}
	id, err := NewMessageID(random, "example.org")
	if err != nil || !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@example.org>") {
		t.Fatal(id, err)
	}
	var h, text, data HeaderBuilder
	h.Structured("Message-ID", id)
	h.Params("Content-Type", "multipart/report", Param{"boundary", boundary})
	text.Params("Content-Type", "text/plain", Param{"charset", "utf-8"})
	text.Structured("Content-Transfer-Encoding", "quoted-printable")
	data.Params("Content-Type", "application/octet-stream")
	data.Structured("Content-Transfer-Encoding", "base64")

	var b bytes.Buffer
	b.Write(h.Bytes())
	b.WriteString("\r\n")
	m := NewMultipartWriter(&b, boundary)
	binary := bytes.Repeat([]byte{0, 255, 7}, 100)
	for _, part := range []struct {
		header   *HeaderBuilder
		encoding string
		body     []byte
	}{{&text, "quoted-printable", []byte("Grüße\r\n")}, {&data, "base64", binary}, {&HeaderBuilder{}, "7bit", []byte("x")}} {
		if err := m.Part(part.header); err != nil {
			t.Fatal(err)
		}
		w := TransferEncoder(part.encoding, &b)
		_, _ = w.Write(part.body)
		_ = w.Close()
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}

	s := scan(Limits{}, b.Bytes())
	if len(s.Root.Children) != 3 || s.Envelope.MessageID != id {
		t.Fatal(dump(s, b.Bytes()))
	}
	for i, want := range []string{"Grüße\r\n", string(binary), "x"} {
		got, err := io.ReadAll(DecodedBody(s.Root.Children[i], bytes.NewReader(b.Bytes())))
		if err != nil || string(got) != want {
			t.Errorf("part %d: %q, %v", i, got, err)
		}
	}
	for _, line := range strings.Split(b.String(), "\r\n") {
		if len(line) > 78 {
			t.Errorf("line of %d octets", len(line))
		}
	}
}

func TestRandomSourceFails(t *testing.T) {
	t.Parallel()
	if _, err := NewMessageID(strings.NewReader("short"), "x"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if _, err := NewBoundary(strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestFieldsReader(t *testing.T) {
	t.Parallel()
	long := "X-Long: " + strings.Repeat("x", 9000) + "\r\n y\r\n"
	for _, raw := range []string{rawHeader, long + rawHeader, "A: b", "A: b\n\nbody", ""} {
		for _, names := range [][]string{{"subject", "from"}, {"x-long"}, {"a"}, nil} {
			only, err := io.ReadAll(FieldsReader(strings.NewReader(raw), OnlyFields, names...))
			if want := Header(raw).Only(names...); err != nil || !bytes.Equal(only, want) {
				t.Errorf("%.30q only %q: got %.40q, %v, want %.40q", raw, names, only, err, want)
			}
			but, err := io.ReadAll(FieldsReader(strings.NewReader(raw), AllFieldsBut, names...))
			if want := Header(raw).Without(names...); err != nil || !bytes.Equal(but, want) {
				t.Errorf("%.30q without %q: got %.40q, %v, want %.40q", raw, names, but, err, want)
			}
		}
	}
}

// TestLongWord checks that a word too long for a line of a header is cut.
func TestLongWord(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("x", 3000), strings.Repeat("word ", 600) + strings.Repeat("y", 2000)} {
		var h HeaderBuilder
		h.Text("Subject", text)
		for _, line := range bytes.Split(h.Bytes(), []byte("\r\n")) {
			if len(line) > 78 {
				t.Errorf("line of %d octets", len(line))
			}
		}
		subject, _ := Header(h.Bytes()).Get("Subject")
		if DecodeHeader(subject) != text {
			t.Error("differs")
		}
	}
}

// brokenWriter fails every write.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestMultipartWriterReportsErrors(t *testing.T) {
	t.Parallel()
	m := NewMultipartWriter(brokenWriter{}, "b")
	if err := m.Part(&HeaderBuilder{}); err != io.ErrClosedPipe {
		t.Error(err)
	}
	if err := m.Close(); err != io.ErrClosedPipe {
		t.Error(err)
	}
	w := TransferEncoder("base64", brokenWriter{})
	if _, err := w.Write(make([]byte, 5000)); err != io.ErrClosedPipe {
		t.Error(err)
	}
}
