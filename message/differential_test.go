package message_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/soak"
	"github.com/mailstead/mailstead/message/messagetest"
)

// TestBesideGo holds the scanner against mime/multipart and net/textproto of the
// standard library, on golden, generated and broken messages. Where the two may
// differ is said in explain, with why; all else fails.
func TestBesideGo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	golden := goldenMessages(t)
	classes := make(map[string]int)
	for i := range soak.Times(10_000, 300_000) {
		data := messagetest.Generate(random)
		if i < len(golden) {
			data = golden[i]
		} else if i%8 == 0 {
			data = golden[random.IntN(len(golden))]
		}
		if i%4 != 3 && i >= len(golden) {
			data = messagetest.Mutate(random, data)
		}
		classes[besideGo(t, data)]++
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%8d %s", classes[class], class)
	}
}

func goldenMessages(t *testing.T) [][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/structure/*.eml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var all [][]byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// besideGo compares one message and returns the class of what was found.
func besideGo(t *testing.T, data []byte) string {
	t.Helper()
	reference := &goParser{}
	want := reference.entity(data, "text/plain")
	got := messagetest.Outline(data)
	if got == want {
		return "same"
	}
	if reference.excuse != "" {
		return reference.excuse
	}
	t.Errorf("the scanner says\n%s\nthe standard library\n%s\nof\n%q", got, want, data)
	return "other"
}

// A goParser outlines messages with the standard library.
type goParser struct {
	excuse string // why the scanner may see something else; the first one
}

func (g *goParser) differ(why string) {
	if g.excuse == "" {
		g.excuse = why
	}
}

// entity outlines a header and a body.
func (g *goParser) entity(data []byte, usual string) string {
	r := bufio.NewReader(bytes.NewReader(data))
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		g.differ("a line of a header that is none: the library gives up, the scanner passes it over")
	case err != nil:
		g.differ("a header without a blank line behind it: the library finds no fields in the last line")
	}
	body, _ := io.ReadAll(r)
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case header.Get("Content-Type") == "":
		mediaType = usual
	case err != nil:
		g.differ("Content-Type with bad syntax: the library gives up, the scanner takes what it can read")
		mediaType = usual
	}
	encoding, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Transfer-Encoding")), " ")
	if !strings.Contains(mediaType, "/") {
		mediaType = usual // nonsense is as good as nothing (RFC 2045 §5.2)
	}
	if isMessage(mediaType) && !slices.Contains([]string{"", "7bit", "8bit", "binary"}, encoding) {
		// Such a message has no parts that could be told by offsets, and is
		// forbidden (RFC 2046 §5.2.1).
		return mediaType + "(text/plain" + messagetest.Body(body) + ")"
	}
	return g.typed(mediaType, params["boundary"], body)
}

func isMessage(mediaType string) bool {
	return mediaType == "message/rfc822" || mediaType == "message/global"
}

func (g *goParser) typed(mediaType, boundary string, body []byte) string {
	switch {
	case strings.HasPrefix(mediaType, "multipart/") && boundary == "": // one part is all there is
		return mediaType + "(text/plain" + messagetest.Body(body) + ")"
	case strings.HasPrefix(mediaType, "multipart/"):
		return g.parts(mediaType, boundary, body)
	case isMessage(mediaType):
		return mediaType + "(" + g.entity(body, "text/plain") + ")"
	}
	return mediaType + messagetest.Body(body)
}

// usual is the type of parts that do not say theirs (RFC 2046 §5.1.5).
func (g *goParser) usual(mediaType string) string {
	if mediaType == "multipart/digest" {
		return "message/rfc822"
	}
	return "text/plain"
}

func (g *goParser) parts(mediaType, boundary string, body []byte) string {
	g.delimiters(body, boundary)
	if n := bytes.Count(body, []byte("\r\n")); n > 0 && (n < bytes.Count(body, []byte("\n")) || n < bytes.Count(body, []byte("\r"))) {
		g.differ("line ends of two kinds in a multipart: the library takes those of its first line for all")
	}
	usual := g.usual(mediaType)
	var all []string
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if err != nil {
			if err != io.EOF || !bytes.Contains(body, []byte("--"+boundary+"--")) {
				g.differ("a multipart without its end: the library drops a part whose header is cut, the scanner keeps it")
			}
			break
		}
		var header bytes.Buffer
		for name, values := range part.Header {
			for _, v := range values {
				fmt.Fprintf(&header, "%s: %s\r\n", name, v)
			}
		}
		content, err := io.ReadAll(part)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			g.differ(fmt.Sprintf("part: %.40v", err))
		}
		all = append(all, g.entity(append(append(header.Bytes(), "\r\n"...), content...), usual))
	}
	if len(all) == 0 {
		g.differ("a multipart without parts")
	}
	return mediaType + "(" + strings.Join(all, " ") + ")"
}

// delimiters looks for lines that the two take differently.
func (g *goParser) delimiters(body []byte, boundary string) {
	first := true
	for line := range bytes.Lines(body) {
		rest, ok := bytes.CutPrefix(line, []byte("--"+boundary))
		if !ok {
			continue
		}
		rest, last := bytes.CutPrefix(rest, []byte("--"))
		if len(bytes.Trim(rest, " \t\r\n")) > 0 {
			g.differ("a line that goes on behind the boundary: a delimiter by RFC 2046 §5.1.1, not to the library")
		}
		if first && last {
			g.differ("a multipart that begins with its end: the library looks for parts behind it")
		}
		first = false
	}
}
