package message

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// corpus returns the messages of testdata/structure with CRLF, by file name.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/structure/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	messages := map[string][]byte{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		messages[name] = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
	}
	return messages
}

func scan(limits Limits, chunks ...[]byte) *Structure {
	s := NewScanner(limits)
	for _, c := range chunks {
		if n, err := s.Write(c); n != len(c) || err != nil {
			panic("Write did not take everything")
		}
	}
	return s.Finish()
}

// dump writes a structure for people, with the text of each small body.
func dump(s *Structure, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "size %d truncated %t\n", s.Size, s.Truncated)
	dumpEnvelope(&b, "", s.Envelope)
	dumpPart(&b, "", s.Root, data)
	return b.String()
}

func dumpEnvelope(b *strings.Builder, indent string, e *Envelope) {
	fmt.Fprintf(b, "%s  date %q subject %q in-reply-to %q message-id %q\n",
		indent, e.Date, e.Subject, e.InReplyTo, e.MessageID)
	for _, l := range []struct {
		name string
		list []Address
	}{{"from", e.From}, {"sender", e.Sender}, {"reply-to", e.ReplyTo}, {"to", e.To}, {"cc", e.Cc}, {"bcc", e.Bcc}} {
		for _, a := range l.list {
			fmt.Fprintf(b, "%s  %s %q\n", indent, l.name, []string{a.Name, a.Route, a.Mailbox, a.Host})
		}
	}
}

func dumpPart(b *strings.Builder, indent string, p *Part, data []byte) {
	fmt.Fprintf(b, "%s- %s/%s %s %d %d %d lines %d\n", indent, p.Type, p.Subtype, p.Encoding,
		p.HeaderStart, p.BodyStart, p.End, p.Lines)
	for _, q := range p.Params {
		fmt.Fprintf(b, "%s  param %s=%q\n", indent, q.Name, q.Value)
	}
	for _, v := range [][2]string{{"id", p.ID}, {"description", p.Description}, {"md5", p.MD5},
		{"disposition", p.Disposition}, {"location", p.Location}, {"filename", p.Filename()}} {
		if v[1] != "" {
			fmt.Fprintf(b, "%s  %s %q\n", indent, v[0], v[1])
		}
	}
	for _, q := range p.DispositionParams {
		fmt.Fprintf(b, "%s  disposition param %s=%q\n", indent, q.Name, q.Value)
	}
	if p.Language != nil {
		fmt.Fprintf(b, "%s  language %q\n", indent, p.Language)
	}
	if p.Envelope != nil {
		dumpEnvelope(b, indent, p.Envelope)
	}
	for _, c := range p.Children {
		dumpPart(b, indent+"  ", c, data)
	}
	if len(p.Children) == 0 {
		fmt.Fprintf(b, "%s  body %q\n", indent, data[p.BodyStart:p.End])
	}
}

func TestStructureGolden(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			s := scan(Limits{}, data)
			checkInvariants(t, s, data)
			got := dump(s, data)
			golden := strings.TrimSuffix(name, ".eml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBareLF checks that line ends without CR give the same tree.
func TestBareLF(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t) {
		lf := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		var with, without []string
		outline(scan(Limits{}, data).Root, &with)
		outline(scan(Limits{}, lf).Root, &without)
		if diff := cmp.Diff(with, without); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func outline(p *Part, lines *[]string) {
	*lines = append(*lines, fmt.Sprintf("%s/%s %d %d", p.Type, p.Subtype, p.Lines, len(p.Children)))
	for _, c := range p.Children {
		outline(c, lines)
	}
}

// checkInvariants checks what doc.go promises about a structure.
func checkInvariants(t testing.TB, s *Structure, data []byte) {
	t.Helper()
	if s.Size != int64(len(data)) || s.Root.HeaderStart != 0 || s.Root.End != s.Size {
		t.Fatalf("size %d, root %d to %d, message %d", s.Size, s.Root.HeaderStart, s.Root.End, len(data))
	}
	if s.Envelope == nil {
		t.Fatal("no envelope")
	}
	checkPart(t, s.Root, data)
}

func checkPart(t testing.TB, p *Part, data []byte) {
	t.Helper()
	if p.HeaderStart > p.BodyStart || p.BodyStart > p.End || p.Lines < 0 {
		t.Fatalf("offsets %d %d %d lines %d", p.HeaderStart, p.BodyStart, p.End, p.Lines)
	}
	if lines := bytes.Count(data[p.BodyStart:p.End], []byte("\n")); int64(lines) != p.Lines {
		t.Fatalf("part at %d has %d lines, not %d", p.HeaderStart, lines, p.Lines)
	}
	switch {
	case p.IsMultipart() && len(p.Children) == 0,
		p.IsMessage() && (len(p.Children) != 1 || p.Envelope == nil),
		!p.IsMultipart() && !p.IsMessage() && len(p.Children) > 0:
		t.Fatalf("%s/%s has %d children", p.Type, p.Subtype, len(p.Children))
	}
	at := p.BodyStart
	for _, c := range p.Children {
		if c.HeaderStart < at || c.End > p.End {
			t.Fatalf("child %d to %d in %d to %d", c.HeaderStart, c.End, at, p.End)
		}
		checkPart(t, c, data)
		at = c.End
	}
}

// TestChunking checks that the cuts between writes do not matter.
func TestChunking(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t) {
		want := scan(Limits{}, data)
		if diff := cmp.Diff(want, scan(Limits{}, split(data, 1)...)); diff != "" {
			t.Errorf("%s byte by byte: %s", name, diff)
		}
		for _, n := range []int{2, 3, 7, 64} {
			if diff := cmp.Diff(want, scan(Limits{}, split(data, n)...)); diff != "" {
				t.Errorf("%s in chunks of %d: %s", name, n, diff)
			}
		}
	}
}

func split(data []byte, n int) [][]byte {
	var chunks [][]byte
	for len(data) > n {
		chunks = append(chunks, data[:n])
		data = data[n:]
	}
	return append(chunks, data)
}

// pieces are what hostile messages are made of.
var pieces = []string{
	"\r\n", "\n", "\r", " ", "\t", "--", "--a", "--a--", "--ab", "--ab--", "-", "a", "b", ":", "text", "\x00",
	"Content-Type: multipart/mixed; boundary=a\r\n", "Content-Type: multipart/digest; boundary=ab\r\n",
	"Content-Type: message/rfc822\r\n", "Content-Type: text/plain\r\n", "content-type: multipart/x; boundary=\"ab\"\n",
	"Content-Transfer-Encoding: base64\r\n", "From: a@b, c@d\r\n", "Subject: x", "Subject : y\r\n z\r\n",
}

func TestScanProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(rt, "pieces"), ""))
		limits := Limits{
			Depth:     rapid.IntRange(0, 4).Draw(rt, "depth"),
			Parts:     rapid.IntRange(0, 6).Draw(rt, "parts"),
			Header:    rapid.IntRange(0, 80).Draw(rt, "header"),
			Text:      rapid.IntRange(0, 80).Draw(rt, "text"),
			Addresses: rapid.IntRange(0, 3).Draw(rt, "addresses"),
		}
		n := rapid.IntRange(1, 9).Draw(rt, "chunk")
		whole := scan(limits, data)
		checkInvariants(t, whole, data)
		if diff := cmp.Diff(whole, scan(limits, split(data, n)...)); diff != "" {
			rt.Fatalf("%q in chunks of %d: %s", data, n, diff)
		}
	})
}
