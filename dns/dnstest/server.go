package dnstest

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	wire "github.com/miekg/dns"
)

// Serve answers from the zones of r on a loopback port, over UDP and TCP, until
// the test ends. Answers that do not fit into a UDP packet are truncated.
func Serve(t testing.TB, r *Resolver) netip.AddrPort {
	t.Helper()
	packets, listener := listen(t)
	for _, s := range []*wire.Server{{PacketConn: packets}, {Listener: listener}} {
		s.Handler = wire.HandlerFunc(r.serve)
		ready, done := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go func() {
			defer close(done)
			if err := s.ActivateAndServe(); err != nil {
				t.Errorf("dnstest: %v", err)
			}
		}()
		<-ready
		t.Cleanup(func() {
			s.Shutdown()
			<-done
		})
	}
	return packets.LocalAddr().(*net.UDPAddr).AddrPort()
}

// listen finds a port that is free for both UDP and TCP.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, listener
		}
		packets.Close()
	}
	t.Fatal("dnstest: no free port")
	return nil, nil
}

// serve answers one question.
func (r *Resolver) serve(w wire.ResponseWriter, query *wire.Msg) {
	reply := r.reply(query)
	if reply == nil {
		return
	}
	if w.LocalAddr().Network() == "udp" {
		size := wire.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		reply.Truncate(size)
	}
	// The test fails by itself when the client hears nothing.
	_ = w.WriteMsg(reply)
}

// reply makes the answer to a question; nil stands for silence.
func (r *Resolver) reply(query *wire.Msg) *wire.Msg {
	reply := new(wire.Msg)
	reply.SetReply(query)
	reply.RecursionAvailable = true
	if len(query.Question) != 1 {
		reply.Rcode = wire.RcodeFormatError
		return reply
	}
	q := query.Question[0]
	name, kind := strings.ToLower(strings.TrimSuffix(q.Name, ".")), wire.TypeToString[q.Qtype]
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, kind+" "+name)
	z := &r.zones
	reply.AuthenticatedData = true
	chain := z.chase(name)
	for i, link := range chain {
		switch z.failure(kind, link) {
		case ServFail:
			reply.Rcode = wire.RcodeServerFailure
			return reply
		case Refused:
			reply.Rcode = wire.RcodeRefused
			return reply
		case Silent:
			return nil
		}
		if z.Insecure[link] {
			reply.AuthenticatedData = false
		}
		if i > 0 {
			reply.Answer = append(reply.Answer, &wire.CNAME{Hdr: z.header(chain[i-1], wire.TypeCNAME), Target: link + "."})
		}
	}
	z.fill(reply, chain[len(chain)-1], q.Qtype)
	return reply
}

// fill adds the records of the last name, or the denial.
func (z *Zones) fill(reply *wire.Msg, name string, qtype uint16) {
	records := z.records(name, qtype)
	reply.Answer = append(reply.Answer, records...)
	if !z.exists(name) {
		reply.Rcode = wire.RcodeNameError
	}
	if len(records) == 0 {
		reply.Ns = []wire.RR{&wire.SOA{
			Hdr: z.header(name, wire.TypeSOA), Ns: "ns.invalid.", Mbox: "hostmaster.invalid.",
			Minttl: uint32(z.ttl().Seconds()),
		}}
	}
}

// records returns the records of a name in their form for the wire.
func (z *Zones) records(name string, qtype uint16) []wire.RR {
	var rrs []wire.RR
	h := z.header(name, qtype)
	switch qtype {
	case wire.TypeMX:
		for _, mx := range z.MX[name] {
			rrs = append(rrs, &wire.MX{Hdr: h, Preference: mx.Preference, Mx: wire.Fqdn(mx.Host)})
		}
	case wire.TypeA:
		for _, addr := range addresses(z.A[name]) {
			rrs = append(rrs, &wire.A{Hdr: h, A: addr.AsSlice()})
		}
	case wire.TypeAAAA:
		for _, addr := range addresses(z.AAAA[name]) {
			rrs = append(rrs, &wire.AAAA{Hdr: h, AAAA: addr.AsSlice()})
		}
	case wire.TypeTXT:
		for _, text := range z.TXT[name] {
			rrs = append(rrs, &wire.TXT{Hdr: h, Txt: characterStrings(text)})
		}
	case wire.TypeTLSA:
		for _, a := range z.TLSA[name] {
			rrs = append(rrs, &wire.TLSA{
				Hdr: h, Usage: a.Usage, Selector: a.Selector, MatchingType: a.MatchingType,
				Certificate: hex.EncodeToString(a.Data),
			})
		}
	case wire.TypePTR:
		for _, target := range z.pointers(name) {
			rrs = append(rrs, &wire.PTR{Hdr: h, Ptr: wire.Fqdn(target)})
		}
	}
	return rrs
}

// characterStrings cuts a text into pieces of 255 bytes, and escapes them as
// the wire library wants it.
func characterStrings(text string) []string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var parts []string
	for len(text) > 255 {
		parts = append(parts, escape.Replace(text[:255]))
		text = text[255:]
	}
	return append(parts, escape.Replace(text))
}

func (z *Zones) header(name string, rrtype uint16) wire.RR_Header {
	return wire.RR_Header{Name: name + ".", Rrtype: rrtype, Class: wire.ClassINET, Ttl: uint32(z.ttl().Seconds())}
}
