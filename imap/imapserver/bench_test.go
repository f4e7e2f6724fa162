package imapserver

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// benchMessages is how many messages one iteration fetches.
const benchMessages = 100_000

func benchFetch(b *testing.B, n int, opts *imap.FetchOptions) {
	text := "From: a@example.org\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("line of text\r\n", 100)
	scanner := message.NewScanner(message.Limits{})
	io.WriteString(scanner, text)
	m := &FetchMessage{
		Flags: []imap.Flag{imap.FlagSeen, imap.FlagAnswered, "Work"}, InternalDate: time.Unix(1e9, 0).UTC(),
		Size: int64(len(text)), ModSeq: 12345, Structure: scanner.Finish(), Content: strings.NewReader(text),
	}
	w := imapwire.NewWriter(io.Discard)
	w.Attach(make([]byte, 32<<10))
	f := &FetchWriter{w: w, enabled: new(enabled), opts: opts}
	b.ReportAllocs()
	for b.Loop() {
		for i := range n {
			m.UID = imap.UID(i + 1)
			if err := f.Message(imap.SeqNum(i+1), m); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/message")
}

func BenchmarkFetchFlags100k(b *testing.B) {
	benchFetch(b, benchMessages, &imap.FetchOptions{Items: imap.FetchUID | imap.FetchFlags})
}

func BenchmarkFetchFast(b *testing.B) {
	benchFetch(b, 1000, &imap.FetchOptions{Items: imap.FetchUID | fetchFast | imap.FetchModSeq})
}

func BenchmarkFetchEnvelope(b *testing.B) {
	benchFetch(b, 1000, &imap.FetchOptions{Items: imap.FetchEnvelope | imap.FetchBodyStructure})
}

func BenchmarkFetchContent(b *testing.B) {
	benchFetch(b, 1000, &imap.FetchOptions{Sections: []imap.BodySection{{Peek: true}}})
}

func BenchmarkFetchHeaderFields(b *testing.B) {
	benchFetch(b, 1000, &imap.FetchOptions{Sections: []imap.BodySection{{
		Peek: true, Text: imap.SectionHeaderFields, Fields: []string{"From", "Subject", "Date"},
	}}})
}

func BenchmarkParseFetch(b *testing.B) {
	line := []byte("a1 UID FETCH 1:100,200:300 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To)])\r\n")
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := newConn(New(Options{Backend: noBackend{}}), near)
	c.state = selected
	c.setLimits()
	c.r.Reset(&repeating{line: line})
	c.r.Attach(make([]byte, 8<<10), nil)
	b.ReportAllocs()
	for b.Loop() {
		req := new(request)
		if err := c.r.Next(); err != nil {
			b.Fatal(err)
		}
		if err := c.readHead(req); err != nil {
			b.Fatal(err)
		}
		c.r.SP()
		if _, err := c.numSet(req); err != nil {
			b.Fatal(err)
		}
		c.r.SP()
		var opts imap.FetchOptions
		if err := c.fetchItems(&opts); err != nil {
			b.Fatal(err)
		}
		if err := c.end(req); err != nil {
			b.Fatal(err)
		}
	}
}

type noBackend struct{ Backend }

// A repeating reader yields one line for ever.
type repeating struct {
	line []byte
	r    bytes.Reader
}

func (r *repeating) Read(p []byte) (int, error) {
	if r.r.Len() == 0 {
		r.r.Reset(r.line)
	}
	return r.r.Read(p)
}
