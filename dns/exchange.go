package dns

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// udpSize is what fits into one packet on any path without being cut into
// fragments, which are easy to forge.
const udpSize = 1232

// errRetryTCP says that the answer should be asked for again over TCP.
var errRetryTCP = errors.New("answer over UDP is truncated or does not match")

// ask puts a question to the servers in turn, until one of them answers with
// NOERROR or NXDOMAIN.
func (c *Client) ask(ctx context.Context, name string, qtype uint16) (*wire.Msg, error) {
	var errs []error
	for range c.options.Rounds {
		for _, server := range c.options.Servers {
			reply, err := c.askServer(ctx, server, name, qtype)
			if err == nil {
				return reply, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			errs = append(errs, fmt.Errorf("%s: %w", server, err))
		}
	}
	return nil, errs[len(errs)-1]
}

// askServer asks one server over UDP, and over TCP where needed.
func (c *Client) askServer(ctx context.Context, server netip.AddrPort, name string, qtype uint16) (*wire.Msg, error) {
	query := newQuery(name, qtype)
	reply, err := c.exchange(ctx, "udp", server, query)
	if errors.Is(err, errRetryTCP) {
		reply, err = c.exchange(ctx, "tcp", server, query)
	}
	if err != nil {
		return nil, err
	}
	if reply.Rcode != wire.RcodeSuccess && reply.Rcode != wire.RcodeNameError {
		return nil, fmt.Errorf("server answered %s", wire.RcodeToString[reply.Rcode])
	}
	if !c.options.TrustAuthentic && !server.Addr().Unmap().IsLoopback() {
		reply.AuthenticatedData = false
	}
	return reply, nil
}

// newQuery makes a question with a random ID and letters of random case, both
// of which a forger would have to guess. The AD bit asks for the verdict of
// DNSSEC without its records (RFC 6840 §5.7).
func newQuery(name string, qtype uint16) *wire.Msg {
	m := new(wire.Msg)
	m.SetQuestion(randomCase(name)+".", qtype)
	m.AuthenticatedData = true
	m.SetEdns0(udpSize, false)
	return m
}

func randomCase(name string) string {
	mixed := []byte(name)
	coins := make([]byte, len(mixed))
	rand.Read(coins) // never fails
	for i, c := range mixed {
		if 'a' <= c && c <= 'z' && coins[i]&1 == 1 {
			mixed[i] = c - 'a' + 'A'
		}
	}
	return string(mixed)
}

// exchange sends a query over a new socket, and thereby from a new random
// port, and waits for the reply.
func (c *Client) exchange(ctx context.Context, network string, server netip.AddrPort, query *wire.Msg) (*wire.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	var dialer net.Dialer
	sock, err := dialer.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer sock.Close()
	stop := context.AfterFunc(ctx, func() { sock.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn := &wire.Conn{Conn: sock, UDPSize: udpSize}
	if err := conn.WriteMsg(query); err != nil {
		return nil, err
	}
	if network == "tcp" {
		return readTCP(conn, query)
	}
	return readUDP(conn, query)
}

// readUDP reads packets until one answers the query. Others may be forged, and
// must not end the wait for the true one.
func readUDP(conn *wire.Conn, query *wire.Msg) (*wire.Msg, error) {
	for {
		raw, err := conn.ReadMsgHeader(nil)
		if errors.Is(err, wire.ErrShortRead) {
			continue
		}
		if err != nil {
			return nil, err
		}
		reply := new(wire.Msg)
		if err := reply.Unpack(raw); err != nil && !reply.Truncated || reply.Id != query.Id {
			continue
		}
		if reply.Truncated {
			return nil, errRetryTCP
		}
		switch matchQuestion(query, reply) {
		case exact:
			return reply, nil
		case caseDiffers:
			// An old server, or a forger. Nobody forges TCP blindly.
			return nil, errRetryTCP
		}
	}
}

func readTCP(conn *wire.Conn, query *wire.Msg) (*wire.Msg, error) {
	reply, err := conn.ReadMsg()
	if err != nil {
		return nil, err
	}
	if reply.Id != query.Id || matchQuestion(query, reply) == differs {
		return nil, errors.New("reply to another question")
	}
	return reply, nil
}

// A match says how well a reply repeats the question.
type match int

const (
	differs match = iota
	caseDiffers
	exact
)

func matchQuestion(query, reply *wire.Msg) match {
	if !reply.Response || reply.Opcode != wire.OpcodeQuery {
		return differs
	}
	if len(reply.Question) == 0 && reply.Rcode != wire.RcodeSuccess && reply.Rcode != wire.RcodeNameError {
		// Servers that refuse may leave the question out.
		return exact
	}
	if len(reply.Question) != 1 {
		return differs
	}
	asked, got := query.Question[0], reply.Question[0]
	switch {
	case asked == got:
		return exact
	case asked.Qtype == got.Qtype && asked.Qclass == got.Qclass && strings.EqualFold(asked.Name, got.Name):
		return caseDiffers
	}
	return differs
}
