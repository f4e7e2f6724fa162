package smtpserver

import (
	"context"
	"errors"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// A command is one line of the client (RFC 5321 §4.1.1).
type command struct {
	verb    string      // in upper case; "" if it is none that the engine knows
	args    string      // what follows the verb and a space, without white space at its end
	refusal *smtp.Error // the line cannot be a command; verb is "" then
}

var (
	errLongCommand = smtp.NewError(500, codeSyntax, "Line too long")
	errBadLine     = smtp.NewError(500, codeSyntax, "Line must end with CRLF and hold no control characters")
)

// next returns the next command.
func (c *conn) next() (command, error) {
	if cmd := c.pending; cmd != nil {
		c.pending = nil
		return *cmd, nil
	}
	c.verb = ""
	c.in.shrink()
	c.wait.mayStop = !c.tx.active
	if c.wait.shouldStop() {
		return command{}, errStopping
	}
	line, err := c.readLine()
	var refusal *smtp.Error
	if errors.As(err, &refusal) {
		return command{refusal: refusal}, nil
	}
	return parseCommand(line), err
}

// readLine reads a line of the client. The error is an *smtp.Error if the line
// is not acceptable, and any other if the connection is not.
func (c *conn) readLine() ([]byte, error) {
	c.wait.inMessage = false
	line, err := c.in.line(c.lineLimit)
	c.wait.commandEnd = time.Time{}
	switch {
	case errors.Is(err, errLineTooLong):
		c.limited("CommandLine")
		return nil, errLongCommand
	case errors.Is(err, errLineEnding), err == nil && hasControls(line):
		return nil, errBadLine
	}
	return line, err
}

// lineLimit returns how long a line that begins like this may be. Only AUTH
// may be longer than a command (RFC 4954 §4).
func (c *conn) lineLimit(line []byte) int {
	if c.verb == "AUTH" || parseCommand(line[:min(len(line), len("AUTH "))]).verb == "AUTH" {
		return min(c.server.opts.Limits.AuthLine, bigBuffer)
	}
	return min(c.server.opts.Limits.CommandLine, bigBuffer)
}

func hasControls(line []byte) bool {
	for _, b := range line {
		if b < ' ' && b != '\t' || b == 0x7f {
			return true
		}
	}
	return false
}

// parseCommand parts a line into verb and arguments. White space at the end is
// tolerated (RFC 5321 §4.1.1).
func parseCommand(line []byte) command {
	for len(line) > 0 && (line[len(line)-1] == ' ' || line[len(line)-1] == '\t') {
		line = line[:len(line)-1]
	}
	var upper [len("STARTTLS")]byte
	n := 0
	for n < len(line) && line[n] != ' ' {
		if n == len(upper) {
			return command{}
		}
		upper[n] = line[n]
		if 'a' <= line[n] && line[n] <= 'z' {
			upper[n] -= 'a' - 'A'
		}
		n++
	}
	cmd := command{verb: knownVerb(upper[:n])}
	if n < len(line) {
		cmd.args = string(line[n+1:])
	}
	return cmd
}

// knownVerb returns the verb as a constant, so that none is allocated.
func knownVerb(upper []byte) string {
	switch string(upper) {
	case "HELO":
		return "HELO"
	case "EHLO":
		return "EHLO"
	case "LHLO":
		return "LHLO"
	case "MAIL":
		return "MAIL"
	case "RCPT":
		return "RCPT"
	case "DATA":
		return "DATA"
	case "BDAT":
		return "BDAT"
	case "RSET":
		return "RSET"
	case "NOOP":
		return "NOOP"
	case "VRFY":
		return "VRFY"
	case "EXPN":
		return "EXPN"
	case "HELP":
		return "HELP"
	case "QUIT":
		return "QUIT"
	case "AUTH":
		return "AUTH"
	case "STARTTLS":
		return "STARTTLS"
	case "ETRN":
		return "ETRN"
	case "BURL":
		return "BURL"
	case "XCLIENT":
		return "XCLIENT"
	case "XFORWARD":
		return "XFORWARD"
	}
	return ""
}

// dispatch carries out a command.
func (c *conn) dispatch(ctx context.Context, cmd command) {
	c.verb = cmd.verb
	if c.forbidden(cmd) {
		return
	}
	switch cmd.verb {
	case "HELO", "EHLO", "LHLO":
		c.sayHello(ctx, cmd)
	case "MAIL":
		c.mail(ctx, cmd.args)
	case "RCPT":
		c.rcpt(ctx, cmd.args)
	case "DATA":
		c.data(ctx, cmd.args)
	case "BDAT":
		c.bdat(ctx, cmd.args)
	case "BURL":
		c.burl(ctx, cmd.args)
	case "ETRN":
		c.etrn(ctx, cmd.args)
	case "XCLIENT":
		c.xclient(ctx, cmd.args)
	case "XFORWARD":
		c.xforward(ctx, cmd.args)
	case "AUTH":
		c.auth(ctx, cmd.args)
	case "STARTTLS":
		c.startTLS(ctx, cmd.args)
	case "QUIT":
		c.quit(cmd.args)
	default:
		c.minor(ctx, cmd)
	}
}

// forbidden refuses what no state of the transaction can allow.
func (c *conn) forbidden(cmd command) bool {
	if cmd.verb == "QUIT" {
		return false
	}
	if !c.refusal.IsZero() {
		c.reply(c.refusal)
		return true
	}
	if !c.server.opts.RequireTLS || c.info.TLS != nil {
		return false
	}
	switch cmd.verb {
	case "HELO", "EHLO", "LHLO", "STARTTLS", "NOOP", "RSET", "":
		return false
	case "BDAT":
		return false // its octets must be taken first
	}
	c.say(530, codePolicy, "Must issue a STARTTLS command first")
	return true
}

// reset gives up the transaction.
func (c *conn) reset() {
	if c.tx.active {
		c.session.Reset()
	}
	c.endTransaction()
}

// endTransaction forgets the transaction, and what XFORWARD said of it.
func (c *conn) endTransaction() {
	c.tx = transaction{}
	c.forwarded = smtp.ClientAttributes{}
}

// needNoArgs refuses arguments of a command that has none.
func (c *conn) needNoArgs(args string) bool {
	if args != "" {
		c.say(501, codeArguments, "Command takes no arguments")
	}
	return args == ""
}
