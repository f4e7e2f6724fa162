package pop3client

import (
	"bufio"
	"context"
	"net"
	"time"
)

// A link is the connection with a timeout for each read and write, and an end
// when the context of the current command is done.
type link struct {
	net.Conn
	timeout time.Duration
	done    <-chan struct{} // of the current context
}

// watch puts the connection under ctx until the returned function is called.
func (l *link) watch(ctx context.Context) (release func()) {
	l.done = ctx.Done()
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		_ = l.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-finished
		}
	}
}

// input flushes the output before it waits for the server. So commands of a
// pipeline leave together.
type input struct {
	link *link
	out  *bufio.Writer
}

func (i *input) Read(p []byte) (int, error) {
	if err := i.out.Flush(); err != nil {
		return 0, err
	}
	return i.link.Read(p)
}

func (l *link) Read(p []byte) (int, error) {
	if err := l.renew(l.SetReadDeadline); err != nil {
		return 0, err
	}
	return l.Conn.Read(p)
}

func (l *link) Write(p []byte) (int, error) {
	if err := l.renew(l.SetWriteDeadline); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// renew sets a deadline, and looks at the context after that, as its end may
// have set one before.
func (l *link) renew(set func(time.Time) error) error {
	if err := set(time.Now().Add(l.timeout)); err != nil {
		return err
	}
	select {
	case <-l.done:
		return context.Canceled
	default:
		return nil
	}
}
