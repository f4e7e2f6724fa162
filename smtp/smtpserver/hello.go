package smtpserver

import (
	"context"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/smtp"
)

// maxHello is the length of a domain (RFC 5321 §4.5.3.1.2).
const maxHello = 255

// sayHello carries out HELO, EHLO and LHLO (RFC 5321 §4.1.1.1, RFC 2033 §4.1).
// Neither they nor their failures have enhanced codes (RFC 2034 §4).
func (c *conn) sayHello(ctx context.Context, cmd command) {
	c.idle++
	if (cmd.verb == "LHLO") != (c.server.opts.Mode == LMTP) {
		c.say(500, none, "Wrong greeting for this protocol, which is "+c.server.opts.Mode.String())
		return
	}
	if cmd.args == "" || len(cmd.args) > maxHello || strings.ContainsAny(cmd.args, " \t") {
		c.say(501, none, "Need the name of the client")
		return
	}
	hello := c.overHello(Hello{Verb: cmd.verb, Name: cmd.args})
	if err := c.session.Hello(ctx, hello); err != nil {
		r := smtp.ReplyTo(err)
		r.Enhanced = none
		c.log.Info("hello refused", "name", hello.Name, "code", r.Code, "err", err)
		c.reply(r)
		return
	}
	c.reset()
	c.hello = hello
	if hello.Verb == "HELO" {
		c.offered, c.mechanisms, c.offers = nil, nil, Services{}
		c.say(250, none, c.server.opts.Hostname)
		return
	}
	c.offer()
}

// offer sends the reply to EHLO with what the server can do now.
func (c *conn) offer() {
	c.offers, c.mechanisms = c.services(), nil
	if c.info.TLS != nil || c.server.opts.AllowInsecureAuth {
		c.mechanisms = c.session.AuthMechanisms()
	}
	lines := []string{c.server.opts.Hostname + " greets " + c.hello.Name}
	c.offered = make(smtp.Extensions)
	for _, x := range c.extensions() {
		c.offered[x.keyword] = x.params
		lines = append(lines, strings.TrimSuffix(string(x.keyword)+" "+x.params, " "))
	}
	c.reply(smtp.Reply{Code: 250, Lines: lines})
}

type extension struct {
	keyword smtp.Extension
	params  string
}

// extensions lists what is announced in the present state. AUTH stays offered
// to a client that is authenticated, for its parameter of MAIL.
func (c *conn) extensions() []extension {
	list := []extension{
		{keyword: smtp.Pipelining},
		{smtp.Size, strconv.FormatInt(c.server.opts.Limits.MessageSize, 10)},
		{keyword: smtp.EightBitMIME},
		{keyword: smtp.SMTPUTF8},
		{keyword: smtp.Chunking},
		{keyword: smtp.EnhancedStatusCodes},
		{smtp.Limits, c.server.opts.Limits.announced().String()},
	}
	list = append(list, c.serviceExtensions(c.offers)...)
	if c.mayStartTLS() {
		list = append(list, extension{keyword: smtp.StartTLS})
	}
	if len(c.mechanisms) > 0 {
		list = append(list, extension{smtp.Auth, strings.Join(c.mechanisms, " ")})
	}
	return append(list, extension{keyword: smtp.Help})
}

// with returns the word for the protocol in use (RFC 3848, RFC 6531 §4.3).
func (c *conn) with() string {
	if c.plainSMTP() {
		return "SMTP"
	}
	word := "ESMTP"
	switch {
	case c.server.opts.Mode == LMTP && c.tx.utf8:
		word = "UTF8LMTP"
	case c.server.opts.Mode == LMTP:
		word = "LMTP"
	case c.tx.utf8:
		word = "UTF8SMTP"
	}
	if c.info.TLS != nil {
		word += "S"
	}
	if c.authed {
		word += "A"
	}
	return word
}
