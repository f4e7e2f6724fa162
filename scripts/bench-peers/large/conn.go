package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// A conn is a client that reads all of an answer, and keeps of it only what
// shows whether two servers have said the same. It costs little, for it runs
// on the processors of the server that it measures.
type conn struct {
	nc          net.Conn
	in          *bufio.Reader
	out         *bufio.Writer
	tag         int
	long        []byte // the line that did not fit into in
	literalPlus bool
}

// An answer is what is kept of the responses to a command.
type answer struct {
	Hits     int    `json:"hits"`     // messages in it
	Order    uint32 `json:"order"`    // checksum of the numbers of SEARCH, SORT or THREAD
	Contents uint32 `json:"contents"` // checksum of all literals
}

// dial connects and logs in.
func dial(ctx context.Context, address string) (*conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc, in: bufio.NewReaderSize(nc, 64<<10), out: bufio.NewWriterSize(nc, 64<<10)}
	context.AfterFunc(ctx, func() { nc.Close() })
	greeting, err := c.line()
	if err != nil {
		nc.Close()
		return nil, err
	}
	c.literalPlus = bytes.Contains(greeting, []byte("LITERAL+"))
	if _, err := c.command("LOGIN " + user + " " + password); err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

func (c *conn) close() { c.nc.Close() }

// command sends a command and reads up to its end.
func (c *conn) command(text string) (answer, error) {
	tag := c.begin(text)
	if err := c.out.Flush(); err != nil {
		return answer{}, err
	}
	a, err := c.answer(tag)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", strings.SplitN(text, " ", 2)[0], err)
	}
	return a, nil
}

func (c *conn) begin(text string) string {
	c.nc.SetDeadline(time.Now().Add(longest))
	c.tag++
	tag := "t" + strconv.Itoa(c.tag)
	c.out.WriteString(tag + " " + text + "\r\n")
	return tag
}

// answer reads responses up to the tagged one.
func (c *conn) answer(tag string) (answer, error) {
	var a answer
	for {
		line, err := c.line()
		if err != nil {
			return a, err
		}
		if rest, ok := bytes.CutPrefix(line, []byte(tag+" ")); ok {
			if !bytes.HasPrefix(rest, []byte("OK")) {
				return a, errors.New(string(rest))
			}
			return a, nil
		}
		a.note(line)
		if err := c.literals(&a, line); err != nil {
			return a, err
		}
	}
}

// note takes over what an untagged response says.
func (a *answer) note(line []byte) {
	rest, _ := bytes.CutPrefix(line, []byte("* "))
	word, numbers, _ := bytes.Cut(rest, []byte(" "))
	switch string(word) {
	case "SEARCH", "SORT", "THREAD":
		a.Hits += countNumbers(numbers)
		a.Order = crc32.Update(a.Order, crc32.IEEETable, bytes.TrimSpace(numbers))
		return
	}
	switch what, _, _ := bytes.Cut(numbers, []byte(" ")); string(what) {
	case "FETCH":
		a.Hits++
	case "EXISTS":
		a.Hits, _ = strconv.Atoi(string(word))
	}
}

// literals reads the literals that a line announces, and the lines after them.
func (c *conn) literals(a *answer, line []byte) error {
	for {
		size, ok := literalSize(line)
		if !ok {
			return nil
		}
		for size > 0 {
			part, err := c.in.Peek(min(size, c.in.Size()))
			if err != nil {
				return err
			}
			a.Contents = crc32.Update(a.Contents, crc32.IEEETable, part)
			c.in.Discard(len(part))
			size -= len(part)
		}
		var err error
		if line, err = c.line(); err != nil {
			return err
		}
	}
}

// line returns the next line without its end. It is valid until the next read.
func (c *conn) line() ([]byte, error) {
	part, err := c.in.ReadSlice('\n')
	if err == nil {
		return bytes.TrimRight(part, "\r\n"), nil
	}
	c.long = c.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		c.long = append(c.long, part...)
		part, err = c.in.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	c.long = append(c.long, part...)
	return bytes.TrimRight(c.long, "\r\n"), err
}

// append stores letters with one command.
func (c *conn) append(mailbox string, letters []letter) error {
	tag := ""
	for i, l := range letters {
		what := fmt.Sprintf(" (%s) %q %s", l.flags, l.arrived.Format("02-Jan-2006 15:04:05 -0700"), c.announce(len(l.raw)))
		if i == 0 {
			tag = c.begin("APPEND " + mailbox + what)
		} else {
			c.out.WriteString(what + "\r\n")
		}
		if !c.literalPlus {
			if err := c.mayContinue(); err != nil {
				return err
			}
		}
		c.out.Write(l.raw)
	}
	c.out.WriteString("\r\n")
	if err := c.out.Flush(); err != nil {
		return err
	}
	_, err := c.answer(tag)
	return err
}

func (c *conn) announce(size int) string {
	if c.literalPlus {
		return fmt.Sprintf("{%d+}", size)
	}
	return fmt.Sprintf("{%d}", size)
}

// mayContinue waits until the server wants the literal.
func (c *conn) mayContinue() error {
	if err := c.out.Flush(); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		switch {
		case bytes.HasPrefix(line, []byte("+")):
			return nil
		case !bytes.HasPrefix(line, []byte("*")):
			return errors.New(string(line))
		}
	}
}

// literalSize is the size that the end of a line announces.
func literalSize(line []byte) (int, bool) {
	if !bytes.HasSuffix(line, []byte("}")) {
		return 0, false
	}
	i := bytes.LastIndexByte(line, '{')
	if i < 0 {
		return 0, false
	}
	n, err := strconv.Atoi(string(line[i+1 : len(line)-1]))
	return n, err == nil && n >= 0
}

// countNumbers counts the numbers in a list, however nested.
func countNumbers(list []byte) int {
	n := 0
	before := byte(' ')
	for _, ch := range list {
		if isDigit(ch) && !isDigit(before) {
			n++
		}
		before = ch
	}
	return n
}

func isDigit(ch byte) bool { return ch >= '0' && ch <= '9' }
