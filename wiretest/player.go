package wiretest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// A player plays one side of a dialogue against the tested other.
type player struct {
	side     byte
	record   bool
	recorded []string // the lines of the dialogue as they should stand

	pipe    *Conn    // the played end
	conn    net.Conn // pipe, or TLS over it
	in      *bufio.Reader
	pending strings.Builder // bytes of the write being put together
	ended   bool            // the dialogue has said how it ends
}

// perform plays the whole dialogue and waits for the tested side to return.
func (p *player) perform(ctx context.Context, steps []step, tested func(context.Context, net.Conn)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, server := Pipe()
	mine, other := client, server
	if p.side == 'S' {
		mine, other = server, client
	}
	p.pipe = mine
	p.use(mine)

	done := make(chan struct{})
	go func() {
		defer close(done)
		defer other.Close()
		tested(ctx, other)
	}()
	err := p.play(steps)
	if err != nil {
		cancel()
		mine.Close()
	}
	select {
	case <-done:
		return err
	case <-time.After(patience):
		return errors.Join(err, errors.New(" the tested side does not return"))
	}
}

func (p *player) use(conn net.Conn) {
	p.conn = conn
	p.in = bufio.NewReader(conn)
}

func (p *player) play(steps []step) error {
	for i := 0; i < len(steps); {
		n, err := p.next(steps[i:])
		if err != nil {
			return fmt.Errorf("%d: %w", steps[i].number, err)
		}
		i += n
	}
	if err := p.finish(); err != nil {
		return fmt.Errorf("%d: at the end: %w", len(steps), err)
	}
	return nil
}

// next performs the first of steps, or the run of them that belongs
// together, and returns how many it took.
func (p *player) next(steps []step) (int, error) {
	s := steps[0]
	if s.side == p.other() {
		return p.listen(steps)
	}
	p.keep(s.source)
	switch s.action {
	case line, raw:
		p.pending.WriteString(s.wire())
		if len(steps) > 1 && steps[1].sends(p.side) {
			return 1, nil
		}
		p.send()
		return 1, p.overhear(steps[1:])
	case pause:
		if !p.pipe.drained(patience) {
			return 1, errors.New("the tested side does not read")
		}
	case shutdown, closing:
		return 1, p.end(s.action)
	case startTLS:
		return 1, p.handshake()
	}
	return 1, nil
}

// sends reports whether the step adds to what side is about to write.
func (s step) sends(side byte) bool {
	return s.side == side && (s.action == line || s.action == raw)
}

func (p *player) other() byte {
	if p.side == 'C' {
		return 'S'
	}
	return 'C'
}

func (p *player) keep(source string) { p.recorded = append(p.recorded, source) }

// send writes what is pending. A peer that has gone away is noticed by what
// the dialogue expects next, not here, where it would depend on timing.
func (p *player) send() {
	_ = p.conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(p.conn, p.pending.String())
	p.pending.Reset()
}

func (p *player) end(how action) error {
	if how == closing {
		p.ended = true
		return p.conn.Close()
	}
	return p.conn.(interface{ CloseWrite() error }).CloseWrite()
}

func (p *player) handshake() error {
	if n := p.in.Buffered(); n > 0 {
		left, _ := p.in.Peek(n)
		return fmt.Errorf("output before the handshake: %q", left)
	}
	conn := tls.Client(p.pipe, &tls.Config{InsecureSkipVerify: true})
	if p.side == 'S' {
		config, _, err := throwaway(Certificate{})
		if err != nil {
			return err
		}
		conn = tls.Server(p.pipe, config)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	p.use(conn)
	return nil
}

// finish ends a dialogue: nothing may be left to read.
func (p *player) finish() error {
	if p.ended {
		return nil
	}
	_ = p.end(shutdown)
	return p.expectEnd()
}

func (p *player) expectEnd() error {
	p.ended = true
	got, err := p.receiveLine()
	switch {
	case got != "":
		return fmt.Errorf("unexpected output %q", got)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err == nil:
		return errors.New("empty read")
	}
	return fmt.Errorf("the connection does not end: %w", err)
}
