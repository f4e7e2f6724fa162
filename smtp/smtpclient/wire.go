package smtpclient

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

const (
	maxReplyLine  = 4 << 10
	maxReplyLines = 100
)

// A wire reads replies and writes commands, each within its time, and can be
// broken off by a context.
type wire struct {
	conn    net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	writing time.Duration // time for each write
	command string        // sent last, for errors

	mu      sync.Mutex
	aborted error // why all deadlines have passed
}

func (w *wire) reset(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = conn
	w.in = bufio.NewReaderSize(conn, maxReplyLine)
	w.out = bufio.NewWriterSize(timedWriter{w}, 16<<10)
}

// within lets ctx break off what is done until release is called.
func (w *wire) within(ctx context.Context) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		w.abort(context.Cause(ctx))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// abort makes all reads and writes fail.
func (w *wire) abort(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.aborted = err
	_ = w.conn.SetDeadline(time.Unix(1, 0))
}

// arm sets a deadline with set, unless the wire is aborted.
func (w *wire) arm(set func(time.Time) error, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted != nil {
		return w.aborted
	}
	return set(time.Now().Add(d))
}

// cause returns why the wire was aborted, else err.
func (w *wire) cause(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted != nil {
		return w.aborted
	}
	return err
}

// A timedWriter gives each write its time.
type timedWriter struct{ w *wire }

func (t timedWriter) Write(p []byte) (int, error) {
	if err := t.w.arm(t.w.conn.SetWriteDeadline, t.w.writing); err != nil {
		return 0, err
	}
	return t.w.conn.Write(p)
}

// put adds a command line to those that the next flush sends.
func (w *wire) put(command, line string) error {
	w.command = command
	_, err := w.out.WriteString(line)
	if err == nil {
		_, err = w.out.WriteString("\r\n")
	}
	return err
}

// reply reads a reply (RFC 5321 §4.2).
func (w *wire) reply(d time.Duration) (smtp.Reply, error) {
	if err := w.arm(w.conn.SetReadDeadline, d); err != nil {
		return smtp.Reply{}, err
	}
	return readReply(w.in)
}

// readReply reads one reply. All of its lines must have the same code.
func readReply(in *bufio.Reader) (smtp.Reply, error) {
	var r smtp.Reply
	for len(r.Lines) < maxReplyLines {
		text, err := readLine(in)
		if err != nil {
			return smtp.Reply{}, err
		}
		line, err := smtp.ParseReplyLine(text)
		if err != nil {
			return smtp.Reply{}, err
		}
		if r.Code != 0 && line.Code != r.Code {
			return smtp.Reply{}, smtp.ErrReplySyntax
		}
		if r.Code == 0 {
			r.Code, r.Enhanced = line.Code, line.Enhanced
		}
		r.Lines = append(r.Lines, line.Text)
		if line.Last {
			return r, nil
		}
	}
	return smtp.Reply{}, ErrReplyTooLong
}

// readLine reads a line, without its ending, as text that is fit for a log.
//
// QUIRK: a bare LF is taken for an ending; replies of hand-made servers have
// it, and nothing can be smuggled to a client.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", ErrReplyTooLong
	}
	if err == io.EOF {
		return "", io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(line), "\r\n")
	return strings.Map(printable, strings.ToValidUTF8(text, "?")), nil
}

// printable replaces control characters.
func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return '?'
	}
	return r
}
