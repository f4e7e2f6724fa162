package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// body makes a message of about 4 KB.
var body = "Subject: bench\r\n\r\n" + strings.Repeat(strings.Repeat("x", 62)+"\r\n", 64)

// BenchmarkDeliver sends messages by SMTP into a mailbox, one after the other.
func BenchmarkDeliver(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	c := s.SMTP("smtp")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if got := s.Send(c, s.Envelope("far@elsewhere.test", body, ann)); got[0] != "ok" {
			b.Fatal(got)
		}
	}
}

// BenchmarkTrace sends messages as BenchmarkDeliver does, over several
// connections at once, with and without a trace of them. It reports the CPU
// time of the whole process.
func BenchmarkTrace(b *testing.B) {
	for name, keep := range map[string]time.Duration{"with": 14 * 24 * time.Hour, "without": 0} {
		b.Run(name, func(b *testing.B) {
			s := mailtest.Start(b, mailtest.Options{
				Accounts: []mailtest.Account{{Address: ann}}, Disk: true,
				Config: func(c *config.Config) { c.Trace.Keep.Duration, c.Log.Level = keep, "error" },
			})
			before := cpuTime(b)
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				c := s.SMTP("smtp")
				for pb.Next() {
					if got := s.Send(c, s.Envelope("far@elsewhere.test", body, ann)); got[0] != "ok" {
						b.Error(got)
					}
				}
			})
			s.Stop()
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
		})
	}
}

// BenchmarkRelay sends messages to another mail system, over several connections
// at once, until all have come there. It reports the CPU time of the whole
// process, clients and the other system among it.
func BenchmarkRelay(b *testing.B) {
	var left atomic.Int64
	all := make(chan struct{})
	far := mailtest.NewElsewhere()
	far.Take = func(mailtest.Received) error {
		if left.Add(-1) == 0 {
			close(all)
		}
		return nil
	}
	s := mailtest.Start(b, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.9:2500": far},
		Zones:     dnstest.Zones{A: map[string][]string{"relay.test": {"192.0.2.9"}}},
		Disk:      true,
		Config: func(c *config.Config) {
			c.Outbound.Smarthost, c.Log.Level = "relay.test:2500", "error"
			c.Sending.MessagesPerHour, c.Sending.RecipientsPerHour, c.Sending.RecipientsPerDay = 0, 0, 0
		},
	})
	left.Store(int64(b.N))
	before := cpuTime(b)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c := s.Submission(ann)
		for pb.Next() {
			if got := s.Send(c, s.Envelope(ann, "From: "+ann+"\r\n"+body, "x@far.test")); got[0] != "ok" {
				b.Error(got)
			}
		}
	})
	if b.Failed() {
		return
	}
	<-all
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
}

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFetch reads a message by IMAP.
func BenchmarkFetch(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	s.Deliver("far@elsewhere.test", ann, body)
	c := s.IMAP(ann)
	c.OK("SELECT INBOX")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c.OK("FETCH 1 BODY.PEEK[]")
	}
}

// BenchmarkFetchLarge reads large messages by IMAP, over and over, with a client
// that does nothing with them.
func BenchmarkFetchLarge(b *testing.B) {
	for _, size := range []int{100 << 10, 1 << 20, 10 << 20} {
		b.Run(fmt.Sprint(size>>10, "K"), func(b *testing.B) {
			s := mailtest.Start(b, mailtest.Options{Disk: true, Accounts: []mailtest.Account{{Address: ann}}})
			s.Deliver("far@elsewhere.test", ann, rotLetter(1, size/62))
			conn, err := s.Dial("imap")
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			c := &forgetfulClient{b: b, in: bufio.NewReaderSize(conn, 64<<10)}
			fmt.Fprintf(conn, "a LOGIN %s %q\r\nb SELECT INBOX\r\n", ann, mailtest.Password)
			c.answered("b OK")
			b.ReportAllocs()
			cpu := cpuTime(b)
			for b.Loop() {
				fmt.Fprint(conn, "c FETCH 1 BODY.PEEK[]\r\n")
				b.SetBytes(c.answered("c OK"))
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-us/op")
		})
	}
}

// A forgetfulClient reads literals and keeps nothing.
type forgetfulClient struct {
	b  *testing.B
	in *bufio.Reader
}

// answered reads up to a line that begins with final, and returns how long the
// literals before it were.
func (c *forgetfulClient) answered(final string) (octets int64) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			c.b.Fatal(err)
		}
		if bytes.HasPrefix(line, []byte(final)) {
			return octets
		}
		at := bytes.LastIndexByte(line, '{')
		if at < 0 || !bytes.HasSuffix(line, []byte("}\r\n")) {
			continue
		}
		n, err := strconv.ParseInt(string(line[at+1:len(line)-3]), 10, 64)
		if err == nil {
			_, err = io.CopyN(io.Discard, c.in, n)
		}
		if err != nil {
			c.b.Fatal(err)
		}
		octets += n
	}
}
