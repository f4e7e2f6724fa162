package outbound

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/wiretest"
)

// A badHop answers as its script says: a line for each command, of which the
// first is the greeting. "drop" closes the connection, "stall" never answers,
// "flood" sends a reply without end.
type badHop struct {
	script []string
	gone   chan struct{} // closed when nobody waits any more
	conns  sync.WaitGroup
}

func (b *badHop) dial(context.Context, string, string) (net.Conn, error) {
	client, server := wiretest.Pipe()
	b.conns.Go(func() {
		defer server.Close()
		b.serve(server)
	})
	return client, nil
}

func (b *badHop) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	for i, reply := range b.script {
		if i > 0 {
			if i > 1 && strings.HasPrefix(b.script[i-1], "354") {
				readMessage(in)
			} else if _, err := in.ReadString('\n'); err != nil {
				return
			}
		}
		switch reply {
		case "drop":
			return
		case "stall":
			<-b.gone
			return
		case "flood":
			for {
				if _, err := io.WriteString(conn, "250-"+strings.Repeat("x", 400)+"\r\n"); err != nil {
					return
				}
			}
		}
		io.WriteString(conn, reply+"\r\n")
	}
}

func readMessage(in *bufio.Reader) {
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return
		}
	}
}

// TestBadNextHops meets servers that drop, stall, talk nonsense, or take a
// message and die. Nothing takes longer than the timeouts of RFC 5321 §4.5.3.2,
// and nothing that a server has not refused for good is given up.
func TestBadNextHops(t *testing.T) {
	t.Parallel()
	hello := []string{"220 bad.test", "250 bad.test", "250 ok", "250 ok", "354 go"}
	states := []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"}
	cases := map[string]struct {
		script []string
		kind   Kind
		text   string
	}{
		"refuses the greeting": {[]string{"554 go away"}, Temporary, "554 go away"},
		"refuses MAIL":         {append(hello[:2:2], "550 5.7.1 not you"), Permanent, "550 5.7.1 not you"},
		"refuses the message":  {append(hello[:5:5], "554 5.6.0 nonsense"), Permanent, "554 5.6.0 nonsense"},
		"puts the message off": {append(hello[:5:5], "451 later"), Temporary, "451 later"},
		"takes the message":    {append(hello[:5:5], "250 taken"), Accepted, "250 taken"},
		"takes it and dies":    {append(hello[:5:5], "250 taken", "drop"), Accepted, "250 taken"},
		"a yes to DATA":        {append(hello[:4:4], "250 ok"), Temporary, ""},
		"a reply of letters":   {append(hello[:3:3], "what did you say"), Temporary, ""},
		"binary":               {[]string{"\x00\xff\x00\xff"}, Temporary, ""},
	}
	for i, state := range states {
		for _, what := range []string{"drop", "stall", "flood", "999 nonsense", "\x16\x03\x01\x00"} {
			cases[fmt.Sprintf("%q at %s", what, state)] = struct {
				script []string
				kind   Kind
				text   string
			}{append(hello[:i:i], what), Temporary, ""}
		}
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hop := &badHop{script: tt.script, gone: make(chan struct{})}
				w := newWorld(t)
				tr := NewSMTP(SMTPOptions{
					Resolver: w.resolver, Hostname: domain(t, "mail.example.test"), Dial: hop.dial,
				})
				began := time.Now()
				r := deliver(t, tr, nil, "x@two.test")[0]
				if took := time.Since(began); took > 20*time.Minute {
					t.Errorf("took %v", took)
				}
				if !strings.HasPrefix(r, tt.kind.String()) || !strings.Contains(r, tt.text) {
					t.Errorf("%s", r)
				}
				close(hop.gone)
				tr.Close()
				hop.conns.Wait()
			})
		})
	}
}
