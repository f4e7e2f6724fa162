package imapsession_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// A fetcher is a client that reads answers to FETCH and throws them away, at
// little cost, so that what a benchmark measures is the server.
type fetcher struct {
	b    *testing.B
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

// newFetcher selects an INBOX of messages of about 4 KB, on the disk.
func newFetcher(b *testing.B, messages int) *fetcher {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}, Disk: true})
	c := s.IMAP(ann)
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, and nobody minds at all.\r\n", 50)
	for n := 0; n < messages; {
		var command strings.Builder
		command.WriteString("APPEND INBOX")
		for range min(messages-n, 200) {
			n++
			whole := fmt.Sprintf("From: Ann <ann@example.test>\r\nTo: Bob <bob@example.test>\r\nSubject: number %d\r\n"+
				"Message-ID: <%d@example.test>\r\nDate: Sun, 22 Nov 2026 07:00:00 +0000\r\n\r\n%s", n, n, text)
			fmt.Fprintf(&command, " {%d+}\r\n%s", len(whole), whole)
		}
		c.OK(command.String())
	}
	conn, err := net.Dial("tcp", s.Addr("imap"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	f := &fetcher{b: b, conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
	f.line()
	f.do("LOGIN " + ann + ` "` + mailtest.Password + `"`)
	f.do("SELECT INBOX")
	return f
}

// do gives a command and reads its answers.
func (f *fetcher) do(command string) {
	f.out = append(append(append(f.out[:0], "a "...), command...), "\r\n"...)
	if _, err := f.conn.Write(f.out); err != nil {
		f.b.Fatal(err)
	}
	for {
		line := f.line()
		if bytes.HasPrefix(line, []byte("a ")) {
			if !bytes.HasPrefix(line, []byte("a OK")) {
				f.b.Fatalf("%s: %s", command, line)
			}
			return
		}
		if text, ok := bytes.CutSuffix(line, []byte("}\r\n")); ok {
			size, _ := strconv.Atoi(string(text[bytes.LastIndexByte(text, '{')+1:]))
			if _, err := f.in.Discard(size); err != nil {
				f.b.Fatal(err)
			}
		}
	}
}

func (f *fetcher) line() []byte {
	line, err := f.in.ReadSlice('\n')
	if err != nil && err != io.EOF {
		f.b.Fatal(err)
	}
	return line
}

// BenchmarkFetch reads messages of 4 KB on the disk by IMAP: one at a time in no
// order, and all with one command. Allocations are those of a command.
func BenchmarkFetch(b *testing.B) {
	const messages = 10_000
	f := newFetcher(b, messages)
	b.Run("random", func(b *testing.B) {
		b.ReportAllocs()
		random := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			f.do("FETCH " + strconv.Itoa(1+random.IntN(messages)) + " (UID FLAGS BODY.PEEK[])")
		}
	})
	for name, items := range map[string]string{"full": "UID BODY.PEEK[]", "structure": "BODYSTRUCTURE", "envelope": "ENVELOPE"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.do("FETCH 1:* (" + items + ")")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
		})
	}
}
