package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// A conn is a connection to the server, of SMTP or IMAP. It costs little, for
// it runs on the processors of the server that it measures.
type conn struct {
	nc  net.Conn
	in  *bufio.Reader
	out *bufio.Writer
	tag int
}

// dial connects and reads the greeting.
func dial(port string) (*conn, error) {
	nc, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc, in: bufio.NewReaderSize(nc, 64<<10), out: bufio.NewWriterSize(nc, 64<<10)}
	if _, err := c.line(); err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

func (c *conn) close() { c.nc.Close() }

func (c *conn) line() (string, error) {
	c.nc.SetReadDeadline(time.Now().Add(patience))
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// imap sends a command and returns its untagged responses. None of what is
// asked for here is answered with a literal.
func (c *conn) imap(command string) ([]string, error) {
	c.tag++
	tag := "t" + strconv.Itoa(c.tag) + " "
	fmt.Fprintf(c.out, "%s%s\r\n", tag, command)
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	var told []string
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if answer, ok := strings.CutPrefix(line, tag); ok {
			if !strings.HasPrefix(answer, "OK") {
				return nil, fmt.Errorf("%s: %s", strings.SplitN(command, "\r\n", 2)[0], answer)
			}
			return told, nil
		}
		told = append(told, line)
	}
}

// appendAll stores messages with one APPEND (RFC 3502).
func (c *conn) appendAll(mailbox string, messages []string) error {
	var b strings.Builder
	b.WriteString("APPEND " + mailbox)
	for _, m := range messages {
		fmt.Fprintf(&b, " {%d+}\r\n%s", len(m), m)
	}
	_, err := c.imap(b.String())
	return err
}

// smtp sends lines and reads the reply to each.
func (c *conn) smtp(lines ...string) error {
	for _, line := range lines {
		io.WriteString(c.out, line+"\r\n")
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	for range lines {
		if err := c.reply(); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) reply() error {
	for {
		line, err := c.line()
		switch {
		case err != nil:
			return err
		case len(line) < 4 || line[0] > '3':
			return errors.New(line)
		case line[3] == ' ':
			return nil
		}
	}
}

// deliver sends a message, and returns when the server has taken it.
func (c *conn) deliver(to, text string) error {
	err := c.smtp("MAIL FROM:<carol@elsewhere.test>", "RCPT TO:<"+to+">", "DATA")
	if err != nil {
		return err
	}
	return c.smtp(text + ".")
}
