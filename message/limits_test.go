package message

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func (p *Part) deepest() int {
	deepest := 0
	for _, c := range p.Children {
		deepest = max(deepest, c.deepest())
	}
	return deepest + 1
}

func TestDepthLimit(t *testing.T) {
	t.Parallel()
	multiparts := nestedMessage()
	messages := []byte(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5000))
	for name, data := range map[string][]byte{"multiparts": multiparts, "messages": messages} {
		for _, depth := range []int{0, 1, 7, 1000} {
			s := scan(Limits{Depth: depth}, data)
			checkInvariants(t, s, data)
			limit := Limits{Depth: depth}.withDefaults().Depth
			// The part that could not be opened has its whole body as a child.
			want := limit + 1
			if name == "multiparts" {
				want = min(want, 61)
			}
			if got := s.Root.deepest(); got != want || s.Truncated != (want == limit+1) {
				t.Errorf("%s, limit %d: depth %d, truncated %t", name, limit, got, s.Truncated)
			}
			if _, err := DecodeStructure(s.AppendBinary(nil)); err != nil {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
		}
	}
}

func TestPartsLimit(t *testing.T) {
	t.Parallel()
	data := []byte("Content-Type: multipart/mixed; boundary=outer\r\n\r\n" +
		"--outer\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n" +
		strings.Repeat("--inner\r\n\r\nx\r\n", 100) + "--inner--\r\n--outer\r\n\r\nlast\r\n--outer--\r\n")
	s := scan(Limits{Parts: 12}, data)
	checkInvariants(t, s, data)
	if n := len(s.Root.Children); n != 1 || len(s.Root.Children[0].Children) != 10 || !s.Truncated {
		t.Error(dump(s, data))
	}
	if s := scan(Limits{}, data); len(s.Root.Children) != 2 || s.Truncated {
		t.Error(dump(s, data))
	}
}

func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	data := []byte("Subject: kept\r\nX-Long: " + strings.Repeat("x", 300<<10) + "\r\nFrom: a@b\r\n\r\nbody\r\n")
	s := scan(Limits{}, data)
	checkInvariants(t, s, data)
	if s.Envelope.Subject != "kept" || s.Envelope.From != nil || !s.Truncated {
		t.Errorf("%+v", s.Envelope)
	}
	if got := data[s.Root.BodyStart:s.Root.End]; string(got) != "body\r\n" {
		t.Errorf("body %q", got)
	}
}

func TestTextLimit(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("Subject: root\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 50 {
		fmt.Fprintf(&b, "--b\r\nContent-Description: %s\r\n\r\n%d\r\n", strings.Repeat("d", 1000), i)
	}
	s := scan(Limits{Text: 10_000}, b.Bytes())
	checkInvariants(t, s, b.Bytes())
	if len(s.Root.Children) != 50 || !s.Truncated {
		t.Errorf("%d parts, truncated %t", len(s.Root.Children), s.Truncated)
	}
	if n := len(s.AppendBinary(nil)); n > 12_000 {
		t.Errorf("%d octets in binary form", n)
	}
}

func TestAddressLimit(t *testing.T) {
	t.Parallel()
	data := []byte("From: a@b\r\nTo: " + strings.Repeat("x@y,", 1000) + "\r\nCc: c@d\r\n\r\n")
	s := scan(Limits{Addresses: 100}, data)
	e := s.Envelope
	if len(e.From) != 1 || len(e.To) != 99 || len(e.Cc) != 0 || !s.Truncated {
		t.Errorf("%d %d %d", len(e.From), len(e.To), len(e.Cc))
	}
	if s := scan(Limits{}, data); len(s.Envelope.To) != 1000 || s.Truncated {
		t.Errorf("%d, truncated %t", len(s.Envelope.To), s.Truncated)
	}
}
