package smtpserver

import (
	"context"
	"net"

	"github.com/mailstead/mailstead/smtp"
)

// xclient carries out XCLIENT: a trusted proxy says for whom it speaks, and
// the session begins anew as if that client had connected. What the client
// said before counts no more, but TLS stays.
func (c *conn) xclient(ctx context.Context, args string) {
	c.idle++
	switch {
	case !c.offers.Client:
		c.say(550, smtp.EnhancedCode{5, 7, 0}, "XCLIENT is not for this client")
		return
	case c.tx.active:
		c.say(503, codeSequence, "Not within a transaction")
		return
	}
	if err := c.attributes.Set(args, smtp.XClientAttributes); err != nil {
		c.refuse("XCLIENT", err)
		return
	}
	c.become(c.attributes)
	c.forget()
	c.authed = c.attributes.Login != ""
	c.expectNext()
	if !c.openSession(ctx) {
		c.reply(c.refusal)
		c.done = true
		return
	}
	c.log.Info("client behind a proxy", "remote", c.info.Remote.String(), "name", c.attributes.Name, "login", c.attributes.Login)
	c.say(220, none, c.server.opts.Hostname+" ESMTP")
}

// become takes over what a proxy says of its client.
func (c *conn) become(a smtp.ClientAttributes) {
	c.info.Client = a
	if a.Addr.Addr().IsValid() {
		c.info.Remote = net.TCPAddrFromAddrPort(a.Addr)
	}
	if a.Dest.Addr().IsValid() {
		c.info.Local = net.TCPAddrFromAddrPort(a.Dest)
	}
}

// xforward carries out XFORWARD: a proxy says for whom the next message is, for
// the log.
func (c *conn) xforward(ctx context.Context, args string) {
	c.idle++
	forwarder, ok := c.session.(Forwarder)
	switch {
	case !ok || !c.offers.Forward:
		c.say(550, smtp.EnhancedCode{5, 7, 0}, "XFORWARD is not for this client")
		return
	case c.tx.active:
		c.say(503, codeSequence, "Not within a transaction")
		return
	}
	if err := c.forwarded.Set(args, smtp.XForwardAttributes); err != nil {
		c.refuse("XFORWARD", err)
		return
	}
	forwarder.Forward(ctx, c.forwarded)
	c.say(250, codeOK, "OK")
}

// overHello puts the name and the protocol that a proxy gave for its client in
// the place of its own.
func (c *conn) overHello(h Hello) Hello {
	if c.attributes.Helo != "" {
		h.Name = c.attributes.Helo
	}
	return h
}

// plainSMTP tells whether the client speaks no ESMTP, or its proxy says so.
func (c *conn) plainSMTP() bool {
	return c.hello.Verb == "HELO" || c.attributes.Protocol == "SMTP"
}
