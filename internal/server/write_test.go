package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// writers is how many accounts BenchmarkWrite writes to.
const writers = 16

func writer(i int) string { return fmt.Sprintf("u%d@example.test", i%writers) }

// BenchmarkWrite stores messages of 4 KB on the disk through the doors of a
// whole server, over one connection and over several at once. The clients know
// beforehand what they will send, so that they take little of the CPU time
// that is reported.
func BenchmarkWrite(b *testing.B) {
	for _, w := range []struct {
		name  string
		conns int
		run   func(*writing, int) error
	}{
		{"smtp/1", 1, (*writing).smtp},
		{"smtp/16", 16, (*writing).smtp},
		{"smtp-new-connection/16", 16, (*writing).smtpOnce},
		{"lmtp/16", 16, (*writing).lmtp},
		{"append/1", 1, (*writing).appendOne},
		{"append/8", 8, (*writing).appendOne},
		{"multiappend/8", 8, (*writing).appendMany},
	} {
		b.Run(w.name, func(b *testing.B) {
			options := mailtest.Options{Disk: true, Config: func(c *config.Config) {
				c.Log.Level = "warn" // as servers that are measured have it
			}}
			for i := range writers {
				options.Accounts = append(options.Accounts, mailtest.Account{Address: writer(i)})
			}
			s := mailtest.Start(b, options)
			writing := &writing{server: s, n: int64(b.N)}
			b.ReportAllocs()
			b.ResetTimer()
			before := cpuTime(b)
			writing.all(b, w.conns, w.run)
			b.StopTimer()
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
			s.Stop()
		})
	}
}

// writing is one run of BenchmarkWrite.
type writing struct {
	server *mailtest.Server
	n      int64
	taken  atomic.Int64
}

// all runs as many clients at a time, until they have written n messages.
func (w *writing) all(b *testing.B, conns int, run func(*writing, int) error) {
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() {
			if err := run(w, i); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

// take returns the number of the next message, unless there are enough.
func (w *writing) take() (int64, bool) {
	i := w.taken.Add(1)
	return i, i <= w.n
}

// letter is message i: text, two thirds of it replies.
func letter(i int64) string {
	head := fmt.Sprintf("From: \"Far Away\" <far@elsewhere.test>\r\nTo: <%s>\r\n"+
		"Subject: message %d of a bench\r\nDate: Mon, 01 Jan 2024 12:00:00 +0000\r\n"+
		"Message-ID: <%d.bench@elsewhere.test>\r\n", writer(int(i)), i, i)
	if i%3 != 0 {
		head += fmt.Sprintf("In-Reply-To: <%d.bench@elsewhere.test>\r\n", i-i%3)
	}
	head += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
	return head + prose[:4096-len(head)-2] + "\r\n"
}

// prose compresses about as text does.
var prose = func() string {
	words := strings.Fields("time person year way day thing man world life hand part child eye woman place work week case point government company number group problem fact")
	var b strings.Builder
	for x, line := uint32(1), 0; b.Len() < 8<<10; {
		x = x*1664525 + 1013904223
		word := words[x>>16%uint32(len(words))]
		if line += len(word) + 1; line > 70 {
			b.WriteString("\r\n")
			line = len(word)
		}
		b.WriteString(word + " ")
	}
	return b.String()
}()

// A wire is a client that sends bytes and reads lines.
type wire struct {
	net.Conn
	r *bufio.Reader
}

func (w *writing) dial(service string) (wire, error) {
	conn, err := net.Dial("tcp", w.server.Addr(service))
	if err != nil {
		return wire{}, err
	}
	return wire{conn, bufio.NewReader(conn)}, nil
}

// expect reads lines until one begins like this; others must not be refusals.
func (c wire) expect(prefixes ...string) error {
	for _, prefix := range prefixes {
		for {
			line, err := c.r.ReadSlice('\n')
			if err != nil {
				return err
			}
			if bytes.HasPrefix(line, []byte(prefix)) {
				break
			}
			if line[0] == '4' || line[0] == '5' || bytes.Contains(line, []byte(" NO ")) || bytes.Contains(line, []byte(" BAD ")) {
				return fmt.Errorf("%s instead of %s", line, prefix)
			}
		}
	}
	return nil
}

func (c wire) say(text string, replies ...string) error {
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	return c.expect(replies...)
}

// send sends a message with its commands in one write, as PIPELINING lets it.
func (c wire) send(i int64) error {
	err := c.say(fmt.Sprintf("MAIL FROM:<far@elsewhere.test>\r\nRCPT TO:<%s>\r\nDATA\r\n", writer(int(i))), "250 ", "250 ", "354 ")
	if err != nil {
		return err
	}
	return c.say(letter(i)+".\r\n", "250 ")
}

func (w *writing) smtp(int) error { return w.session("smtp", "EHLO client.far.test\r\n") }

func (w *writing) lmtp(int) error { return w.session("lmtp", "LHLO client.far.test\r\n") }

func (w *writing) session(service, hello string) error {
	c, err := w.dial(service)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.say(hello, "220 ", "250 "); err != nil {
		return err
	}
	for i, ok := w.take(); ok; i, ok = w.take() {
		if err := c.send(i); err != nil {
			return err
		}
	}
	return c.say("QUIT\r\n", "221 ")
}

// smtpOnce uses a new connection for each message.
func (w *writing) smtpOnce(int) error {
	for i, ok := w.take(); ok; i, ok = w.take() {
		if err := w.once(i); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) once(i int64) error {
	c, err := w.dial("smtp")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.say("EHLO client.far.test\r\n", "220 ", "250 "); err != nil {
		return err
	}
	if err := c.send(i); err != nil {
		return err
	}
	return c.say("QUIT\r\n", "221 ")
}

func (w *writing) appendOne(conn int) error { return w.append(conn, 1) }

func (w *writing) appendMany(conn int) error { return w.append(conn, 25) }

// append stores messages, some at a time.
func (w *writing) append(conn, some int) error {
	c, err := w.dial("imap")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.say(fmt.Sprintf("a LOGIN %s %q\r\n", writer(conn), mailtest.Password), "* OK", "a OK"); err != nil {
		return err
	}
	for i, ok := w.take(); ok; i, ok = w.take() {
		var command strings.Builder
		command.WriteString("b APPEND INBOX")
		for n := 0; ok; i, ok = w.take() {
			fmt.Fprintf(&command, " {4096+}\r\n%s", letter(i))
			if n++; n == some {
				break
			}
		}
		command.WriteString("\r\n")
		if err := c.say(command.String(), "b OK"); err != nil {
			return err
		}
	}
	return nil
}
