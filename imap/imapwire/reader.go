package imapwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Limits bound what a Reader takes. They may be changed between commands.
type Limits struct {
	// Line is the length of a command or response without its literals, in
	// bytes.
	Line int
	// Literals is the size of all literals of a command that are kept in
	// memory, in bytes.
	Literals int
	// Skip is how much of non-synchronizing literals is read and thrown away
	// after an error. What announces more ends the connection.
	Skip int64
	// NonSync is the size of a non-synchronizing literal; zero is no limit
	// (RFC 7888 §5).
	NonSync int64
}

// A SyntaxError says that what was read is not what the grammar demands. The
// Reader can go on after [Reader.Skip].
type SyntaxError struct{ Text string }

func (e *SyntaxError) Error() string { return "imapwire: " + e.Text }

// Syntax returns a SyntaxError.
func Syntax(format string, args ...any) error {
	return &SyntaxError{Text: fmt.Sprintf(format, args...)}
}

// Errors that end a command or a connection.
var (
	// ErrLineTooLong says that a line is longer than Limits.Line. The rest of
	// it has not been read: the connection cannot go on.
	ErrLineTooLong = errors.New("imapwire: line is too long")
	// ErrLiteralTooBig says that a literal is larger than the command allows.
	// The Reader can go on after Skip.
	ErrLiteralTooBig = errors.New("imapwire: literal is too big")
	// ErrNonSync says that a non-synchronizing literal is larger than
	// Limits.NonSync. The Reader can go on after Skip.
	ErrNonSync = errors.New("imapwire: non-synchronizing literal is too big")
	// ErrSkip says that more would have to be skipped than Limits.Skip.
	ErrSkip = errors.New("imapwire: too much left to skip")
)

// A Reader takes tokens from a connection, a line at a time: the current line
// is in memory, literals between two lines are not read before they are asked
// for. A token method that fails with a SyntaxError has consumed nothing that
// matters: the caller calls Skip and reads the next command.
//
// Bytes that a method returns are valid until the next literal or line.
type Reader struct {
	Limits Limits
	// UTF8 allows UTF-8 in quoted strings and takes mailbox names as UTF-8.
	UTF8 bool
	// Literal, if not nil, is called before the first byte of a literal is
	// waited for: sync says that the peer waits for a continuation request.
	Literal func(size int64, sync bool) error

	r          io.Reader
	buf        []byte // what was read from r and not yet taken is buf[start:end]
	start, end int
	long       []byte // a line that did not fit into buf

	line    []byte // the current line, without CRLF
	pos     int    // in line
	used    int    // bytes of lines of this command
	kept    int    // bytes of literals of this command in memory
	skipped int64  // bytes thrown away in this command
	lit     literal
}

// NewReader returns a Reader on r that has no buffer.
func NewReader(r io.Reader, limits Limits) *Reader {
	return &Reader{r: r, Limits: limits}
}

// Attach gives r a buffer, and the bytes that were read ahead of it.
func (r *Reader) Attach(buf, ahead []byte) {
	r.buf = buf
	r.start, r.end = 0, copy(buf, ahead)
}

// Detach takes the buffer back. It must only be called when Buffered is zero
// and nothing that was returned is in use.
func (r *Reader) Detach() []byte {
	buf := r.buf
	r.buf, r.line, r.long = nil, nil, nil
	r.start, r.end, r.pos = 0, 0, 0
	return buf
}

// Buffered returns the number of bytes that were read ahead.
func (r *Reader) Buffered() int { return r.end - r.start }

// Room returns how many bytes Ahead can take.
func (r *Reader) Room() int { return len(r.buf) - r.Buffered() }

// Ahead puts bytes that somebody else has read from the connection behind those
// that were read ahead. There must be room for them. It ends the line that was
// read last.
func (r *Reader) Ahead(p []byte) {
	if len(p) == 0 {
		return
	}
	r.line, r.pos = nil, 0
	r.end = copy(r.buf, r.buf[r.start:r.end])
	r.start = 0
	r.end += copy(r.buf[r.end:], p)
}

// TakeAhead returns a copy of the bytes that were read ahead, and forgets them.
func (r *Reader) TakeAhead() []byte {
	ahead := bytes.Clone(r.buf[r.start:r.end])
	r.start, r.end = 0, 0
	return ahead
}

// Reset makes r read from conn and forget what was read ahead: what a peer
// sent in the clear behind STARTTLS is not heard (RFC 9051 §6.2.1).
func (r *Reader) Reset(conn io.Reader) {
	r.r = conn
	r.start, r.end = 0, 0
}

// fill reads more into buf. It must not be full.
func (r *Reader) fill() error {
	if r.start > 0 && r.end == len(r.buf) {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.r.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// Next begins a command or response: it reads its first line. The error is
// that of the connection, ErrLineTooLong, or a SyntaxError for a line that does
// not end with CRLF.
func (r *Reader) Next() error {
	r.used, r.kept, r.skipped = 0, 0, 0
	r.lit = literal{}
	return r.readLine()
}

// readLine reads the next line of the command.
func (r *Reader) readLine() error {
	r.line, r.pos = nil, 0
	if cap(r.long) > len(r.buf) {
		r.long = nil
	}
	r.long = r.long[:0]
	for scanned := 0; ; {
		if i := bytes.IndexByte(r.buf[r.start+scanned:r.end], '\n'); i >= 0 {
			return r.takeLine(scanned + i + 1)
		}
		scanned = r.end - r.start
		if r.used+len(r.long)+scanned > r.Limits.Line {
			return ErrLineTooLong
		}
		if scanned == len(r.buf) {
			r.long = append(r.long, r.buf...)
			r.start, r.end, scanned = 0, 0, 0
		}
		if err := r.fill(); err != nil {
			if err == io.EOF && scanned+len(r.long) > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// takeLine makes the next n bytes, which end with LF, the end of the line.
func (r *Reader) takeLine(n int) error {
	line := r.buf[r.start : r.start+n]
	r.start += n
	if len(r.long) > 0 {
		r.long = append(r.long, line...)
		line = r.long
	}
	r.used += len(line)
	if r.used > r.Limits.Line {
		return ErrLineTooLong
	}
	line = line[:len(line)-1]
	if len(line) == 0 || line[len(line)-1] != '\r' {
		r.line = line
		return Syntax("line does not end with CRLF")
	}
	r.line = line[:len(line)-1]
	return nil
}

// Skip throws away what is left of the command after an error, so that the
// next one can be read. The error is the connection's, or ErrSkip.
func (r *Reader) Skip() error {
	for {
		size, announced := r.lit.left, r.lit.open
		if announced && r.lit.waiting && r.lit.sync {
			r.lit = literal{} // never asked for: the peer does not send it
			return nil
		}
		if !announced {
			if size, announced = nonSyncTail(r.line); !announced {
				return nil
			}
		}
		r.lit = literal{}
		if err := r.discard(size); err != nil {
			return err
		}
		if err := r.readLine(); err != nil && !isSyntax(err) {
			return err
		}
	}
}

// discard throws away n bytes of a literal.
func (r *Reader) discard(n int64) error {
	if n > r.Limits.Skip-r.skipped {
		return ErrSkip
	}
	r.skipped += n
	if r.Literal != nil {
		if err := r.Literal(n, false); err != nil {
			return err
		}
	}
	for n > 0 {
		if r.start == r.end {
			r.start, r.end = 0, 0
			if err := r.fill(); err != nil {
				return err
			}
		}
		k := min(n, int64(r.end-r.start))
		r.start += int(k)
		n -= k
	}
	return nil
}

// nonSyncTail reports whether line ends by announcing a non-synchronizing
// literal, and its size.
func nonSyncTail(line []byte) (size int64, ok bool) {
	rest, ok := bytes.CutSuffix(line, []byte("+}"))
	if !ok {
		return 0, false
	}
	i := bytes.LastIndexByte(rest, '{')
	if i < 0 {
		return 0, false
	}
	size, err := strconv.ParseInt(string(rest[i+1:]), 10, 64)
	return size, err == nil && size >= 0
}

func isSyntax(err error) bool {
	var s *SyntaxError
	return errors.As(err, &s)
}
