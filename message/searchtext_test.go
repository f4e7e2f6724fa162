package message

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// searchTextPlainly gives what SearchText should, done in the plainest way:
// each part whole, through the readers that clients' text goes through.
func searchTextPlainly(p *Part, message []byte, withHeader bool) string {
	var b strings.Builder
	if withHeader {
		for f := range Header(message[p.HeaderStart:p.BodyStart]).Fields() {
			b.WriteString(string(f.Name()) + ": " + DecodeHeader(f.Text()) + "\r\n")
		}
		b.WriteByte(0)
	}
	if p.IsText() {
		text, err := io.ReadAll(DecodedText(p, bytes.NewReader(message)))
		if err != nil {
			panic(err)
		}
		b.Write(text)
		b.WriteByte(0)
	}
	for _, child := range p.Children {
		b.WriteString(searchTextPlainly(child, message, true))
	}
	return b.String()
}

func checkSearchText(t interface{ Fatalf(string, ...any) }, message []byte) {
	s := scan(Limits{}, message)
	for _, scope := range []SearchScope{SearchBody, SearchAll} {
		want := searchTextPlainly(s.Root, message, scope == SearchAll)
		var got strings.Builder
		if err := SearchText(&got, s, bytes.NewReader(message), scope); err != nil || got.String() != want {
			t.Fatalf("%q, scope %d: %q, want %q, %v", message, scope, got.String(), want, err)
		}
	}
}

func TestSearchTextOfCorpus(t *testing.T) {
	t.Parallel()
	for name, message := range corpus(t) {
		t.Run(name, func(t *testing.T) { checkSearchText(t, message) })
	}
}

// TestSearchTextAgainstReaders compares with the plain way, around the sizes
// of the buffers.
func TestSearchTextAgainstReaders(t *testing.T) {
	t.Parallel()
	charsets := rapid.SampledFrom([]string{"", "us-ascii", "utf-8", "iso-8859-1", "koi8-r", "iso-2022-jp", "shift_jis", "gb18030", "utf-16", "utf-7", "ibm037", "hz-gb-2312"})
	encodings := rapid.SampledFrom([]string{"7bit", "8bit", "base64", "quoted-printable"})
	pieces := rapid.SampledFrom([]string{"word ", "caf\xc3\xa9", "caf\xe9", "\xe2\x82\xac", "\xe2\x82", "\xff", "\x1b$BF|K\\\x1b(B", "\x1b", "=E4", "=\r\n", "\r\n", "~{Dc~}", "\xfe\xff"})
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		fmt.Fprintf(&b, "Subject: =?utf-8?q?gr=C3=BC?=\r\n =?utf-8?q?n?= \xe9\r\nX-Folded: \r\n  a\r\n\tb \r\nContent-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
			charsets.Draw(rt, "charset"), encodings.Draw(rt, "encoding"))
		b.WriteString(strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 4090, textChunk - 3, textChunk - 1, textRoom}).Draw(rt, "size")))
		b.WriteString(strings.Join(rapid.SliceOfN(pieces, 0, 20).Draw(rt, "pieces"), ""))
		checkSearchText(rt, []byte(b.String()))
	})
}

func FuzzSearchText(f *testing.F) {
	for _, message := range corpus(f) {
		f.Add(message, "text")
	}
	f.Add([]byte(searchable), "grüße")
	f.Fuzz(func(t *testing.T, message []byte, needle string) {
		checkSearchText(t, message)
		s := scan(Limits{}, message)
		for _, scope := range []SearchScope{SearchBody, SearchAll} {
			want := containsFoldPlainly(searchTextPlainly(s.Root, message, scope == SearchAll), needle)
			if got, err := new(TextSearcher).Contains(NewMatcher(needle), s, bytes.NewReader(message), scope); err != nil || got != want {
				t.Fatalf("%q in %q: %t, want %t, %v", needle, message, got, want, err)
			}
		}
	})
}

// TestTextSearcherGoesOn has one searcher look at many messages: nothing of
// one is left for the next.
func TestTextSearcherGoesOn(t *testing.T) {
	t.Parallel()
	var searcher TextSearcher
	m := NewMatcher("deep text")
	for range 2 {
		for message, want := range map[string]bool{searchable: true, "Subject: deep\r\n\r\ndeep": false, "\r\n text": false} {
			s := scan(Limits{}, []byte(message))
			if got, err := searcher.Contains(m, s, strings.NewReader(message), SearchAll); got != want || err != nil {
				t.Errorf("%.20q: %t, %v", message, got, err)
			}
		}
	}
	s := scan(Limits{}, []byte(searchable))
	if _, err := searcher.Contains(m, s, failingReaderAt{io.ErrNoProgress}, SearchAll); err != io.ErrNoProgress {
		t.Error(err)
	}
	if got, err := searcher.Contains(NewMatcher(""), s, failingReaderAt{io.ErrNoProgress}, SearchBody); !got || err != nil {
		t.Errorf("nothing is in everything: %t, %v", got, err)
	}
}

// TestASCIISupersets checks what isASCIISuperset claims for all encodings.
func TestASCIISupersets(t *testing.T) {
	t.Parallel()
	var ascii []byte
	for c := range 0x80 {
		ascii = append(ascii, byte(c))
	}
	for _, enc := range charmap.All {
		if _, plain := enc.(*charmap.Charmap); !plain {
			continue // it has another direction of writing; rare enough
		}
		got, err := enc.NewDecoder().Bytes(ascii)
		if is := err == nil && bytes.Equal(got, ascii); is != isASCIISuperset(enc) {
			t.Errorf("%v: %t", enc, is)
		}
	}
}

func BenchmarkSearchText(b *testing.B) {
	for name, message := range map[string][]byte{
		"text4K":       textMessage(),
		"attachment75": attachmentMessage(),
		"latin1":       bytes.Replace(textMessage(), []byte("charset=utf-8"), []byte("charset=iso-8859-1"), 1),
		"qp":           bytes.Replace(textMessage(), []byte("8bit"), []byte("quoted-printable"), 1),
	} {
		s := scan(Limits{}, message)
		r := bytes.NewReader(message)
		for key, scope := range map[string]SearchScope{"body": SearchBody, "text": SearchAll} {
			b.Run(name+"/"+key, func(b *testing.B) {
				var searcher TextSearcher
				m := NewMatcher("quetzal")
				b.ReportAllocs()
				b.SetBytes(int64(len(message)))
				for b.Loop() {
					if found, err := searcher.Contains(m, s, r, scope); found || err != nil {
						b.Fatal(found, err)
					}
				}
			})
		}
	}
}
