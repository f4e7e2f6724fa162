package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/wiretest"
)

// A world is a network in memory: names, and hosts at their addresses.
type world struct {
	tb       testing.TB
	resolver *dnstest.Resolver
	serving  sync.WaitGroup

	mu     sync.Mutex
	hosts  map[string]*fakeHost // by "ip:port"
	dialed []string             // names of the hosts, in order
}

// A fakeHost is a mail server that does what a test wants.
type fakeHost struct {
	name       string
	extensions []string
	greeting   string
	tls        *tls.Config
	brokenTLS  bool
	implicit   bool // TLS from the first byte
	// reply answers a command line, or "." for the end of a message. "" is
	// the usual reply, "drop" closes the connection without one.
	reply func(line string) string
	takes time.Duration // to take a message

	mu       sync.Mutex
	messages []fakeMessage
	lines    []string // commands
	conns    int
	now, max int // connections at once
	open     []net.Conn
	quits    int
}

type fakeMessage struct {
	from string
	to   []string
	text string
	tls  bool
}

// newWorld has the hosts a.test at 192.0.2.1, b.test at .2 and c.test at .3,
// which take mail for one.test in this order of preference.
func newWorld(tb testing.TB) *world {
	w := &world{tb: tb, hosts: map[string]*fakeHost{}, resolver: dnstest.New(dnstest.Zones{
		MX: map[string][]dns.MX{
			"one.test": mx(10, "a.test", 20, "b.test", 30, "c.test"),
			"two.test": mx(10, "a.test"),
		},
		A: map[string][]string{"a.test": {"192.0.2.1"}, "b.test": {"192.0.2.2"}, "c.test": {"192.0.2.3"}},
	})}
	for i, name := range []string{"a.test", "b.test", "c.test"} {
		w.hosts[fmt.Sprintf("192.0.2.%d:25", i+1)] = &fakeHost{name: name, extensions: []string{"PIPELINING", "8BITMIME"}}
	}
	return w
}

func (w *world) host(name string) *fakeHost {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.hosts {
		if h.name == name {
			return h
		}
	}
	w.tb.Fatalf("no host %s", name)
	return nil
}

// remove takes a host off the network.
func (w *world) remove(name string) {
	h := w.host(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	for addr, other := range w.hosts {
		if other == h {
			delete(w.hosts, addr)
		}
	}
}

// Dial connects to a host.
func (w *world) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hosts[addr]
	if h == nil {
		w.dialed = append(w.dialed, addr)
		return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("nobody at %s", addr)}
	}
	w.dialed = append(w.dialed, h.name)
	client, server := wiretest.Pipe()
	w.serving.Go(func() { h.serve(server) })
	return client, nil
}

func (w *world) tried() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.dialed, " ")
}

// transport returns an SMTP transport in this world. The caller closes it.
func (w *world) transport(o SMTPOptions) *SMTP {
	o.Resolver, o.Dial = w.resolver, w.Dial
	o.Hostname = domain(w.tb, "mail.example.test")
	return NewSMTP(o)
}

func (h *fakeHost) count(d int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns += max(d, 0)
	h.now += d
	h.max = max(h.max, h.now)
}

// received returns the messages so far.
func (h *fakeHost) received() []fakeMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.messages)
}

// heard returns the commands so far.
func (h *fakeHost) heard() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

func (h *fakeHost) served() (conns, most, quits int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conns, h.max, h.quits
}

func (h *fakeHost) serve(conn net.Conn) {
	h.count(1)
	defer h.count(-1)
	h.mu.Lock()
	h.open = append(h.open, conn)
	h.mu.Unlock()
	defer conn.Close()
	c := &fakeConn{host: h}
	if h.implicit {
		conn = tls.Server(conn, h.tls)
		c.secure = true
	}
	c.use(conn)
	h.mu.Lock()
	greeting := h.greeting
	h.mu.Unlock()
	if greeting == "" {
		greeting = "220 " + h.name + " ESMTP"
	}
	c.say(greeting)
	for {
		line, err := c.in.ReadString('\n')
		if err != nil || !c.do(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

// A fakeConn is one connection to a fakeHost.
type fakeConn struct {
	host    *fakeHost
	conn    net.Conn
	in      *bufio.Reader
	secure  bool
	message fakeMessage
}

func (c *fakeConn) use(conn net.Conn) { c.conn, c.in = conn, bufio.NewReader(conn) }

func (c *fakeConn) say(lines ...string) {
	for _, line := range lines {
		io.WriteString(c.conn, line+"\r\n")
	}
}

// do carries out a command; it reports whether the connection goes on.
func (c *fakeConn) do(line string) bool {
	c.host.mu.Lock()
	c.host.lines = append(c.host.lines, line)
	c.host.mu.Unlock()
	verb, arg, _ := strings.Cut(line, " ")
	if verb == "BDAT" {
		return c.bdat(arg)
	}
	if special := c.special(line); special != "" {
		if special != "drop" {
			c.say(special)
		}
		return special != "drop" && !strings.HasPrefix(special, "421")
	}
	switch verb {
	case "EHLO":
		c.hello()
	case "STARTTLS":
		return c.startTLS()
	case "MAIL":
		c.message = fakeMessage{from: path(arg), tls: c.secure}
		c.say("250 2.1.0 ok")
	case "RCPT":
		c.message.to = append(c.message.to, path(arg))
		c.say("250 2.1.5 ok")
	case "DATA":
		return c.data()
	case "QUIT":
		c.host.mu.Lock()
		c.host.quits++
		c.host.mu.Unlock()
		c.say("221 2.0.0 bye")
		return false
	default:
		c.say("250 2.0.0 ok")
	}
	return true
}

func (c *fakeConn) special(line string) string {
	c.host.mu.Lock()
	defer c.host.mu.Unlock()
	if c.host.reply == nil {
		return ""
	}
	return c.host.reply(line)
}

func (c *fakeConn) hello() {
	lines := slices.Clone(c.host.extensions)
	if c.host.tls != nil && !c.secure {
		lines = append(lines, "STARTTLS")
	}
	c.say("250-" + c.host.name)
	for _, l := range lines {
		c.say("250-" + l)
	}
	c.say("250 ENHANCEDSTATUSCODES")
}

func (c *fakeConn) startTLS() bool {
	c.say("220 2.0.0 go on")
	if c.host.brokenTLS {
		c.say("what is TLS?")
		return false
	}
	secured := tls.Server(c.conn, c.host.tls)
	if secured.Handshake() != nil {
		return false
	}
	c.use(secured)
	c.secure = true
	return true
}

func (c *fakeConn) data() bool {
	c.say("354 go on")
	var text strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	c.message.text = text.String()
	return c.end()
}

// bdat takes a chunk (RFC 3030 §2).
func (c *fakeConn) bdat(arg string) bool {
	size, last, _ := strings.Cut(arg, " ")
	n, _ := strconv.Atoi(size)
	chunk := make([]byte, n)
	if _, err := io.ReadFull(c.in, chunk); err != nil {
		return false
	}
	c.message.text += string(chunk)
	if last == "" {
		c.say("250 2.0.0 ok")
		return true
	}
	return c.end()
}

// end answers the end of a message.
func (c *fakeConn) end() bool {
	time.Sleep(c.host.takes)
	if special := c.special("."); special != "" {
		if special != "drop" {
			c.say(special)
		}
		return special != "drop"
	}
	c.host.mu.Lock()
	c.host.messages = append(c.host.messages, c.message)
	c.host.mu.Unlock()
	c.say("250 2.0.0 taken")
	return true
}

// path cuts the address out of "FROM:<a@b> SIZE=1".
func path(arg string) string {
	_, arg, _ = strings.Cut(arg, "<")
	arg, _, _ = strings.Cut(arg, ">")
	return arg
}
