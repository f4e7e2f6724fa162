package smtpserver

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/address"
)

// etrn carries out ETRN (RFC 1985 §5). An option character is "@" for a domain
// with all below it, or "#" for a queue by another name, which no one has here.
func (c *conn) etrn(ctx context.Context, args string) {
	c.idle++
	starter, ok := c.session.(QueueStarter)
	switch {
	case c.hello.Verb == "":
		c.say(503, codeSequence, "Say hello first")
		return
	case !ok || !c.offers.ETRN:
		c.say(502, codeSequence, "Command not implemented")
		return
	case c.tx.active:
		c.say(503, codeSequence, "Not within a transaction")
		return
	}
	node, subdomains := strings.CutPrefix(args, "@")
	if _, err := address.ParseDomain(node); err != nil {
		c.say(501, codeArguments, "Syntax: ETRN domain")
		return
	}
	c.reply(starter.StartQueue(ctx, node, subdomains))
}
