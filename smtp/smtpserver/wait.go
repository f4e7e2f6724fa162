package smtpserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// errStopping says that the server stops, and the connection has nothing in
// flight or nothing that comes in time.
var errStopping = errors.New("server is stopping")

// A waiter sets the read deadlines of a connection and wakes it up when the
// server stops while it waits for a client that has nothing in flight.
type waiter struct {
	conn     net.Conn
	timeouts Timeouts

	inMessage  bool      // octets of a message are awaited, not a command
	mayStop    bool      // nothing is in flight
	commandEnd time.Time // when the command must be there; zero until it is awaited
	messageEnd time.Time // when the message must be there; zero outside of one
	sessionEnd time.Time // when the client must have logged in, or a message have begun

	mu       sync.Mutex
	stopping bool
	stopEnd  time.Time // when what is in flight must be there, once the server stops
	idle     bool      // in a read that may be broken off
	armed    time.Time // the deadline of the read that goes on; zero outside of one
}

// watch makes the end of ctx the beginning of the stop. release must be called
// to end the watching.
func (w *waiter) watch(ctx context.Context) (release func()) {
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopping = true
		w.stopEnd = time.Now().Add(w.timeouts.Drain)
		switch {
		case w.idle:
			_ = w.conn.SetReadDeadline(time.Unix(1, 0))
		case !w.armed.IsZero():
			_ = w.conn.SetReadDeadline(earlier(w.armed, w.stopEnd))
		}
	})
	return func() {
		if !stop() {
			<-woken
		}
	}
}

// arm sets the deadline of the read that follows.
func (w *waiter) arm() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopping && w.mayStop {
		return errStopping
	}
	w.idle = w.mayStop
	w.armed = w.deadline()
	if w.stopping {
		w.armed = earlier(w.armed, w.stopEnd)
	}
	return w.conn.SetReadDeadline(w.armed)
}

// disarm makes the connection busy again after a read, and says why it failed
// if it was the stop.
func (w *waiter) disarm(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	broken := w.stopping && isTimeout(err) && (w.idle || !time.Now().Before(w.stopEnd))
	w.idle, w.armed = false, time.Time{}
	if broken {
		return errStopping
	}
	return err
}

// shouldStop tells whether the server stops and nothing is in flight.
func (w *waiter) shouldStop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopping && w.mayStop
}

func (w *waiter) deadline() time.Time {
	now := time.Now()
	if w.inMessage {
		return earlier(now.Add(w.timeouts.DataBlock), w.messageEnd)
	}
	if w.commandEnd.IsZero() {
		w.commandEnd = now.Add(w.timeouts.Command)
	}
	if !w.messageEnd.IsZero() { // between the chunks of BDAT
		return earlier(w.commandEnd, w.messageEnd)
	}
	return earlier(w.commandEnd, w.sessionEnd)
}

// beginMessage begins the time that a whole message may take.
func (w *waiter) beginMessage() {
	w.inMessage = true
	w.messageEnd = time.Now().Add(w.timeouts.Message)
}

func (w *waiter) endMessage() {
	w.inMessage = false
	w.messageEnd = time.Time{}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func isTimeout(err error) bool {
	if err == nil {
		return false // without the allocation of what follows
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
