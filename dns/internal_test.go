package dns

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	wire "github.com/miekg/dns"
)

// liar answers each packet with those that forge makes of the question.
func liar(t *testing.T, forge func(query *wire.Msg) []*wire.Msg) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			query := new(wire.Msg)
			if query.Unpack(buf[:n]) != nil {
				continue
			}
			conn.WriteTo([]byte("noise"), from)
			conn.WriteTo(make([]byte, 40), from)
			for _, m := range forge(query) {
				raw, _ := m.Pack()
				conn.WriteTo(raw, from)
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func replyA(query *wire.Msg, ip string) *wire.Msg {
	m := new(wire.Msg)
	m.SetReply(query)
	m.Answer = []wire.RR{
		&wire.A{Hdr: wire.RR_Header{Name: "other.test.", Rrtype: wire.TypeA, Class: wire.ClassINET, Ttl: 9}, A: net.ParseIP("192.0.2.66").To4()},
		&wire.A{Hdr: wire.RR_Header{Name: query.Question[0].Name, Rrtype: wire.TypeA, Class: wire.ClassINET, Ttl: 9}, A: net.ParseIP(ip).To4()},
	}
	return m
}

func TestForgedPacketsAreIgnored(t *testing.T) {
	t.Parallel()
	server := liar(t, func(query *wire.Msg) []*wire.Msg {
		wrongID := replyA(query, "192.0.2.66")
		wrongID.Id++
		wrongName := replyA(query, "192.0.2.66")
		wrongName.Question[0].Name = "other.test."
		notReply := replyA(query, "192.0.2.66")
		notReply.Response = false
		return []*wire.Msg{wrongID, wrongName, notReply, replyA(query, "192.0.2.1")}
	})
	c, err := NewClient(Options{Servers: []netip.AddrPort{server}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.LookupA(t.Context(), "good.test")
	if err != nil || len(a.Records) != 1 || a.Records[0].String() != "192.0.2.1" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestWrongCaseIsAskedAgainOverTCP(t *testing.T) {
	t.Parallel()
	query := newQuery("abcdefghijklmnopqrstuvwxyz.test", wire.TypeA)
	reply := replyA(query, "192.0.2.66")
	if matchQuestion(query, reply) != exact {
		t.Error("the same question does not match")
	}
	reply.Question[0].Name = "Abcdefghijklmnopqrstuvwxyz.TEST."
	if matchQuestion(query, reply) != caseDiffers {
		t.Error("other case is not noticed")
	}
	server := liar(t, func(*wire.Msg) []*wire.Msg { return []*wire.Msg{reply} })
	c := &Client{Options{Timeout: time.Second}}
	if _, err := c.exchange(context.Background(), "udp", server, query); err != errRetryTCP {
		t.Errorf("got %v", err)
	}
}

func TestAuthenticIsBelievedOnlyFromHere(t *testing.T) {
	t.Parallel()
	server := liar(t, func(query *wire.Msg) []*wire.Msg {
		m := replyA(query, "192.0.2.1")
		m.AuthenticatedData = true
		return []*wire.Msg{m}
	})
	c, _ := NewClient(Options{Servers: []netip.AddrPort{server}})
	a, err := c.LookupA(t.Context(), "good.test")
	if err != nil || !a.Authentic {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestNegativeTTL(t *testing.T) {
	t.Parallel()
	m := new(wire.Msg)
	if got := negativeTTL(m); got != 0 {
		t.Errorf("without SOA: %v", got)
	}
	m.Ns = []wire.RR{&wire.SOA{Hdr: wire.RR_Header{Ttl: 600}, Minttl: 60}}
	if got := negativeTTL(m); got != time.Minute {
		t.Errorf("with SOA: %v", got)
	}
	if got := seconds(1 << 31); got != 0 {
		t.Errorf("negative TTL counts as %v", got)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"example.org", "EXAMPLE.org.", ".", "..", "_dmarc.a-b.test", "a\\046b", "\x00", "xn--bcher-kva.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := Canonical(s)
		if err != nil {
			return
		}
		again, err := Canonical(name)
		if err != nil || again != name {
			t.Errorf("%q is canonical, but becomes %q, %v", name, again, err)
		}
		raw, err := newQuery(name, wire.TypeA).Pack()
		if err != nil {
			t.Fatalf("%q can not be asked: %v", name, err)
		}
		m := new(wire.Msg)
		if err := m.Unpack(raw); err != nil || !sameName(m.Question[0].Name, name) {
			t.Errorf("%q arrives as %q", name, m.Question[0].Name)
		}
	})
}

func FuzzJoinText(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("q\"b\\ \x00\xff123"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 || len(text) > 255 {
			return
		}
		raw := append([]byte{0, 0, 16, 0, 1, 0, 0, 0, 0, 0, byte(len(text) + 1), byte(len(text))}, text...)
		rr, _, err := wire.UnpackRR(raw, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := joinText(rr.(*wire.TXT).Txt); got != string(text) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

func FuzzRead(f *testing.F) {
	query := newQuery("good.test", wire.TypeA)
	for _, m := range []*wire.Msg{query, replyA(query, "192.0.2.1")} {
		raw, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("\x00\x00\x80\x00\x00\x00\x00\x01\x00\x00\x00\x00\x04good\x04test\x00\x00\x0f\x00\x01\x00\x00\x00\x09\x00\x03\x00\x0a\x00"))
	c, err := NewClient(Options{Servers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := new(wire.Msg)
		if m.Unpack(raw) != nil {
			return
		}
		matchQuestion(query, m)
		checkRead(t, c, m, wire.TypeA, takeA)
		checkRead(t, c, m, wire.TypeAAAA, takeAAAA)
		checkRead(t, c, m, wire.TypeTXT, takeTXT)
		for _, mx := range checkRead(t, c, m, wire.TypeMX, takeMX) {
			if name, err := Canonical(mx.Host); !mx.IsNull() && (err != nil || name != mx.Host) {
				t.Errorf("MX host %q", mx.Host)
			}
		}
		for _, name := range checkRead(t, c, m, wire.TypePTR, takePTR) {
			if again, err := Canonical(name); err != nil || again != name {
				t.Errorf("PTR name %q", name)
			}
		}
	})
}

// checkRead reads the records of one type, and holds the answer to its promise:
// records or a reason why there are none.
func checkRead[T any](t *testing.T, c *Client, m *wire.Msg, qtype uint16, take func(wire.RR) (T, bool)) []T {
	t.Helper()
	a, kind, _ := read(c, m, "good.test", qtype, take)
	if (len(a.Records) == 0) != (kind != nil) || a.TTL < 0 || len(a.Records) > c.options.MaxRecords {
		t.Errorf("%d records, %v, %v", len(a.Records), a.TTL, kind)
	}
	return a.Records
}
