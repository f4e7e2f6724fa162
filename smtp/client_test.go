package smtp

import (
	"net/netip"
	"testing"
)

func TestClientAttributes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want ClientAttributes
	}{
		{"NAME=spike.example.test ADDR=192.0.2.189", ClientAttributes{
			Name: "spike.example.test", Addr: netip.MustParseAddrPort("192.0.2.189:0")}},
		{"addr=IPV6:2001:db8::7  port=2525", ClientAttributes{Addr: netip.MustParseAddrPort("[2001:db8::7]:2525")}},
		{"NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] PORT=[UNAVAILABLE]", ClientAttributes{
			Addr: netip.AddrPortFrom(netip.Addr{}, 0)}},
		{"PROTO=esmtp HELO=a+20b LOGIN=ann+40example.test", ClientAttributes{
			Protocol: "ESMTP", Helo: "a b", Login: "ann@example.test"}},
		{"DESTADDR=::ffff:192.0.2.1 DESTPORT=25", ClientAttributes{Dest: netip.MustParseAddrPort("192.0.2.1:25")}},
	}
	for _, tt := range tests {
		var got ClientAttributes
		if err := got.Set(tt.args, XClientAttributes); err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v", tt.args, got, err)
		}
	}
	for _, bad := range []string{
		"", "NAME", "NAME=", "X=1", "IDENT=x", "ADDR=x", "ADDR=fe80::1%25eth0", "PORT=65536", "PORT=-1", "PROTO=LMTP", "NAME=a=b", "NAME=+0A", "HELO=+",
	} {
		got := ClientAttributes{Name: "kept"}
		if err := got.Set(bad, XClientAttributes); err == nil || got != (ClientAttributes{Name: "kept"}) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
	var forwarded ClientAttributes
	err := forwarded.Set("IDENT=q1 SOURCE=remote", XForwardAttributes)
	if err == nil {
		err = forwarded.Set("NAME=x", XForwardAttributes)
	}
	if err != nil || forwarded != (ClientAttributes{Ident: "q1", Source: "REMOTE", Name: "x"}) {
		t.Errorf("in two commands: %+v, %v", forwarded, err)
	}
}

func FuzzClientAttributes(f *testing.F) {
	f.Add("NAME=spike.example.test ADDR=192.0.2.189 PORT=1 PROTO=SMTP HELO=x LOGIN=a+2B DESTADDR=IPV6:::1 DESTPORT=25")
	f.Add("NAME=[UNAVAILABLE]")
	f.Fuzz(func(t *testing.T, args string) {
		var a ClientAttributes
		if a.Set(args, XClientAttributes) == nil && (a.Ident != "" || a.Source != "" || len(a.Name) > maxAttribute) {
			t.Errorf("%q: %+v", args, a)
		}
	})
}
