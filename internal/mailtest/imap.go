package mailtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An IMAP is a client that speaks IMAP in lines, so that tests show what is on
// the wire. Errors of the connection end the test.
type IMAP struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	tag  int
}

// A Response is what the server has answered to a command.
type Response struct {
	Untagged []string // without "* "; literals stand in them as they were sent
	Final    string   // without the tag: "OK done"
}

// OK reports whether the command has succeeded.
func (r Response) OK() bool { return strings.HasPrefix(r.Final, "OK") }

// Lines returns the untagged responses with a word, such as "FETCH", as their
// first or second.
func (r Response) Lines(word string) []string {
	var lines []string
	for _, line := range r.Untagged {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] == word || len(fields) > 1 && fields[1] == word {
			lines = append(lines, line)
		}
	}
	return lines
}

// String returns the response as one text with a line for each line.
func (r Response) String() string {
	return strings.Join(append(r.Untagged[:len(r.Untagged):len(r.Untagged)], r.Final), "\n")
}

// DialIMAP returns a client that has read the greeting.
func (s *Server) DialIMAP() *IMAP {
	s.t.Helper()
	return s.ProxyIMAP("")
}

// ProxyIMAP is DialIMAP through a proxy, whose header goes first.
func (s *Server) ProxyIMAP(header string) *IMAP {
	s.t.Helper()
	conn := s.dialService("imap")
	c := &IMAP{t: s.t, conn: conn, r: bufio.NewReader(conn)}
	c.Write(header)
	if greeting := c.ReadLine(); !strings.HasPrefix(greeting, "* OK") {
		s.t.Fatalf("greeting: %s", greeting)
	}
	return c
}

// IMAP returns a client that a user has logged in with.
func (s *Server) IMAP(user string) *IMAP {
	s.t.Helper()
	c := s.DialIMAP()
	c.OK(fmt.Sprintf("LOGIN %s %q", user, Password))
	return c
}

// Close closes the connection.
func (c *IMAP) Close() { c.conn.Close() }

// Do sends a command and returns the response. A literal in the command, as
// "{5}\r\nhello", is sent when the server asks for it.
func (c *IMAP) Do(command string) Response {
	c.t.Helper()
	tag := c.Start(command)
	return c.Finish(tag)
}

// OK sends a command that must succeed.
func (c *IMAP) OK(command string) Response {
	c.t.Helper()
	r := c.Do(command)
	if !r.OK() {
		c.t.Fatalf("%s: %s", command, r.Final)
	}
	return r
}

var literal = regexp.MustCompile(`\{\d+\}\r\n`)

// Start sends a command and returns its tag.
func (c *IMAP) Start(command string) (tag string) {
	c.t.Helper()
	c.tag++
	tag = "a" + strconv.Itoa(c.tag)
	rest := tag + " " + command
	for {
		at := literal.FindStringIndex(rest)
		if at == nil {
			c.Write(rest + "\r\n")
			return tag
		}
		c.Write(rest[:at[1]])
		size, _ := strconv.Atoi(strings.Trim(rest[at[0]:at[1]], "{}\r\n"))
		if line := c.ReadLine(); !strings.HasPrefix(line, "+") {
			c.t.Fatalf("literal of %q: %s", command, line)
		}
		c.Write(rest[at[1] : at[1]+size])
		rest = rest[at[1]+size:]
	}
}

// Finish reads up to the end of a command.
func (c *IMAP) Finish(tag string) Response {
	c.t.Helper()
	r, err := c.TryFinish(tag)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// TryDo is Do for connections that may end. What was read before the end is in
// the response. Literals of the command must be those that do not wait, as
// "{5+}\r\nhello".
func (c *IMAP) TryDo(command string) (Response, error) {
	c.tag++
	tag := "a" + strconv.Itoa(c.tag)
	c.renew()
	if _, err := io.WriteString(c.conn, tag+" "+command+"\r\n"); err != nil {
		return Response{}, err
	}
	return c.TryFinish(tag)
}

// TryFinish is Finish for connections that may end.
func (c *IMAP) TryFinish(tag string) (r Response, err error) {
	for {
		line, err := c.TryReadLine()
		if err != nil {
			return r, fmt.Errorf("read: %w after %q", err, line)
		}
		if rest, ok := strings.CutPrefix(line, "* "); ok {
			r.Untagged = append(r.Untagged, rest)
			continue
		}
		rest, ok := strings.CutPrefix(line, tag+" ")
		if !ok {
			return r, fmt.Errorf("unexpected line %q", line)
		}
		r.Final = rest
		return r, nil
	}
}

// renew gives the server patience again.
func (c *IMAP) renew() { c.conn.SetDeadline(time.Now().Add(patience)) }

// Write sends bytes.
func (c *IMAP) Write(s string) {
	c.t.Helper()
	c.renew()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.t.Fatalf("write %q: %v", s, err)
	}
}

// ReadLine returns the next line without its end, literals included.
func (c *IMAP) ReadLine() string {
	c.t.Helper()
	line, err := c.TryReadLine()
	if err != nil {
		c.t.Fatalf("read: %v after %q", err, line)
	}
	return line
}

var openLiteral = regexp.MustCompile(`\{(\d+)\}\r\n$`)

// TryReadLine is ReadLine for connections that may end.
func (c *IMAP) TryReadLine() (string, error) {
	c.renew()
	var whole strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		whole.WriteString(line)
		if err != nil {
			return whole.String(), err
		}
		m := openLiteral.FindStringSubmatch(line)
		if m == nil {
			return strings.TrimSuffix(whole.String(), "\r\n"), nil
		}
		size, _ := strconv.ParseInt(m[1], 10, 64)
		if _, err := io.CopyN(&whole, c.r, size); err != nil {
			return whole.String(), err
		}
	}
}

// Append returns an APPEND command for a message.
func Append(mailbox, options, text string) string {
	if options != "" {
		options += " "
	}
	return fmt.Sprintf("APPEND %s %s{%d}\r\n%s", mailbox, options, len(text), text)
}
