package imapserver

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mailstead/mailstead/imap"
)

// A Progress tells the client how far a command is that takes long (RFC 9585).
// The context of such a command carries one; see [ProgressOf]. A nil Progress
// tells nothing.
type Progress struct {
	c      *conn
	tag    string
	cancel context.CancelFunc
	next   time.Time // when the client is to hear of it
	// silent says that the client has closed its side: it may be gone, or
	// wait for the answer. Only writing to it can tell.
	silent atomic.Bool
}

type progressKey struct{}

// ProgressOf returns what tells of the progress of the command that ctx belongs
// to, nil if there is nothing to be told.
func ProgressOf(ctx context.Context) *Progress {
	p, _ := ctx.Value(progressKey{}).(*Progress)
	return p
}

// WithoutProgress returns a context for a part of a command that may not report
// its progress, because it runs in a goroutine of its own.
func WithoutProgress(ctx context.Context) context.Context {
	return context.WithValue(ctx, progressKey{}, (*Progress)(nil))
}

// probeInterval is how often a client is written to that may be gone.
const probeInterval = time.Second

// Report says that done things of total have been looked at. A session calls it
// now and then, from the goroutine that was called, and not while it has the
// engine write an answer.
func (p *Progress) Report(done, total uint32) {
	if p == nil {
		return
	}
	now := time.Now()
	due := !now.Before(p.next) || p.silent.Load() && p.next.Sub(now) <= p.c.opts.ProgressInterval-probeInterval
	if !due {
		return
	}
	p.next = now.Add(p.c.opts.ProgressInterval)
	code := imap.Code("")
	if p.c.offers("INPROGRESS") {
		code = inProgress(p.tag, done, total)
	}
	p.c.status("*", imap.StatusOK, code, "Still working")
	if p.c.w.Flush() != nil {
		p.cancel()
	}
}

// inProgress returns the code that tells of a command (RFC 9585 §4).
func inProgress(tag string, done, total uint32) imap.Code {
	b := append([]byte(`INPROGRESS ("`), tag...) // a tag has nothing to be escaped
	b = strconv.AppendUint(append(b, `" `...), uint64(done), 10)
	if done >= total {
		return imap.Code(append(b, " NIL)"...))
	}
	b = strconv.AppendUint(append(b, ' '), uint64(total), 10)
	return imap.Code(append(b, ')'))
}
