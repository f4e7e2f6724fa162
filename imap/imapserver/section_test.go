package imapserver

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// fetchOne answers FETCH of one message.
func fetchOne(t *testing.T, text string, content io.ReaderAt, sections ...imap.BodySection) (string, error) {
	t.Helper()
	scanner := message.NewScanner(message.Limits{})
	io.WriteString(scanner, text)
	var out bytes.Buffer
	w := imapwire.NewWriter(&out)
	w.Attach(make([]byte, 1000))
	f := &FetchWriter{w: w, enabled: new(enabled), opts: &imap.FetchOptions{Sections: sections}}
	err := f.Message(1, &FetchMessage{Size: int64(len(text)), Structure: scanner.Finish(), Content: content})
	w.Flush()
	return out.String(), err
}

// TestHugeHeader filters a header that is not held in memory.
func TestHugeHeader(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("X-Filler: "+strings.Repeat("x", 70)+"\r\n", maxHeldHeader/80)
	text := "Subject: one\r\n" + filler + "From: a\r\n\t<a@example.org>\r\n\r\nbody\r\n"
	fields := []string{"from", "subject"}
	for _, test := range []struct {
		section imap.BodySection
		want    string
	}{
		{
			imap.BodySection{Text: imap.SectionHeaderFields, Fields: fields},
			"BODY[HEADER.FIELDS (from subject)] {43}\r\nSubject: one\r\nFrom: a\r\n\t<a@example.org>\r\n\r\n",
		},
		{
			imap.BodySection{
				Text: imap.SectionHeaderFields, Fields: fields, Partial: imap.Partial{Offset: 9, Count: 9},
			},
			"BODY[HEADER.FIELDS (from subject)]<9> {9}\r\none\r\nFrom",
		},
		{
			imap.BodySection{
				Text: imap.SectionHeaderFieldsNot, Fields: fields, Partial: imap.Partial{Count: 10},
			},
			"BODY[HEADER.FIELDS.NOT (from subject)]<0> {10}\r\nX-Filler: ",
		},
	} {
		got, err := fetchOne(t, text, strings.NewReader(text), test.section)
		if want := "* 1 FETCH (" + test.want + ")\r\n"; err != nil || got != want {
			t.Errorf("got %q, %v\nwant %q", got, err, want)
		}
	}
}

// TestShortContent has a store whose content ends too early: the answer must
// not look whole.
func TestShortContent(t *testing.T) {
	t.Parallel()
	text := "Subject: one\r\n\r\n" + strings.Repeat("body\r\n", 10)
	short := strings.NewReader(text[:40])
	for _, s := range []imap.BodySection{
		{},
		{Text: imap.SectionBodyText},
		{Item: imap.ItemBinary, Path: []int{1}, Partial: imap.Partial{Offset: 50, Count: 5}},
	} {
		got, err := fetchOne(t, text, short, s)
		if err == nil || strings.HasSuffix(got, ")\r\n") {
			t.Errorf("%s: got %q, %v", s.String(), got, err)
		}
	}
}
