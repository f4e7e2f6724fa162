package server_test

import (
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
