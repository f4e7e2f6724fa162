package delivery_test

import (
	"crypto/tls"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/message"
)

func TestReceived(t *testing.T) {
	t.Parallel()
	client := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4321}
	for _, c := range []struct {
		name string
		in   delivery.Received
		want string
	}{
		{"all", delivery.Received{
			Helo: "client.far.test", Remote: client, By: "mail.example.test", With: "ESMTPS", ID: "abc", For: ann, Time: now,
			TLS: &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256},
		}, "Received: from client.far.test ([192.0.2.7])\r\n\tby mail.example.test (Mailstead) with ESMTPS id abc\r\n" +
			"\t(TLS 1.3 TLS_AES_128_GCM_SHA256)\r\n\tfor <ann@example.test>;\r\n\tMon, 4 May 2026 03:02:01 +0000\r\n"},
		{"IPv6", delivery.Received{
			Helo: "[IPv6:2001:db8::1]", Remote: &net.TCPAddr{IP: net.ParseIP("2001:db8::1")}, By: "m", With: "ESMTP", ID: "i", Time: now,
		}, "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n\tby m (Mailstead) with ESMTP id i;\r\n\tMon, 4 May 2026 03:02:01 +0000\r\n"},
		{"socket", delivery.Received{
			Remote: &net.UnixAddr{Name: "@"}, By: "m", With: "LMTP", ID: "i", Time: now,
		}, "Received: from unknown\r\n\tby m (Mailstead) with LMTP id i;\r\n\tMon, 4 May 2026 03:02:01 +0000\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(c.in.Append(nil)); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestHostileHelo wants whatever a client calls itself to stay one word.
func TestHostileHelo(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^Received: from ([!-~]+) \(\[192\.0\.2\.7\]\)\r\n\tby m `)
	for _, helo := range []string{
		"a b", "a\r\nX-Evil: 1", "x; Mon, 1 Jan 2001 00:00:00 +0000", "(comment", "comment)", `a\`, `"quoted"`,
		"<a@b>", "\x00\x7f\xff", "münchen.test", strings.Repeat("é", 400), strings.Repeat("a", 5000),
	} {
		r := delivery.Received{Helo: helo, Remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7)}, By: "m", With: "SMTP", ID: "i", Time: now}
		got := string(r.Append(nil))
		m := word.FindStringSubmatch(got)
		if m == nil || strings.ContainsAny(m[1], `()<>;\"`) {
			t.Errorf("HELO %.40q gives %.120q", helo, got)
			continue
		}
		for line := range strings.SplitSeq(got, "\r\n") {
			if len(line) > 998 {
				t.Errorf("HELO %.40q gives a line of %d bytes", helo, len(line))
			}
		}
	}
}

// FuzzReceived wants one field that can be read, whatever the client says.
func FuzzReceived(f *testing.F) {
	for _, seed := range []string{"a.test", "[192.0.2.7]", "x\r\nX: y", "\xff\x00(", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, helo string) {
		r := delivery.Received{Helo: helo, Remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7)}, By: "m", With: "SMTP", ID: "i", Time: now}
		fields := 0
		for field := range message.Header(append(r.Append(nil), "\r\n"...)).Fields() {
			fields++
			if !field.Is("Received") || !strings.HasSuffix(field.Text(), "Mon, 4 May 2026 03:02:01 +0000") {
				t.Errorf("field %q", field.Text())
			}
		}
		if fields != 1 {
			t.Errorf("%d fields", fields)
		}
	})
}

func BenchmarkReceived(b *testing.B) {
	r := delivery.Received{
		Helo: "client.far.test", Remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7)}, By: "mail.example.test", With: "ESMTPS", ID: "ABCDEFGHIJKLM",
		For: ann, Time: now, TLS: &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256},
	}
	b.ReportAllocs()
	buf := make([]byte, 0, 1024)
	for b.Loop() {
		buf = r.Append(buf[:0])
	}
}
