package imapsession

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A crew looks at the messages of one search that must be read. Messages go in
// batches to workers, one for each processor; the hits come back in order. No
// more than a few batches are under way, so that one hit that is enough does
// not come after the whole mailbox has been read. The first batch is looked at
// where it is filled: a small search starts no goroutine.
//
// Its methods are for one goroutine, that of the session.
type crew struct {
	ctx     context.Context
	cancel  context.CancelFunc
	hits    *hits
	compile func() (matcher, error)
	reader  func() *mailstore.MessageReader

	filling *batch
	pending []*batch // given to workers, in order
	size    int      // how many batches may be pending
	jobs    chan *batch
	workers sync.WaitGroup
}

// What goes to a worker at once: about as many messages as a MessageReader
// reads ahead, but no more octets than are read in a millisecond or so.
const (
	batchSize   = 64
	batchOctets = 512 << 10
)

// A batch is some messages and what a worker found out about them.
type batch struct {
	messages []place
	octets   int64 // of the messages
	found    []place
	err      error // after what was found
	panicked any
	done     chan struct{}
}

// A place is a message in the view.
type place struct {
	seq   imap.SeqNum
	entry mailstore.Entry
}

// newCrew returns a crew that fills hits. It needs a matcher and a reader for
// each worker. Who calls it must call dismiss in the end.
func newCrew(ctx context.Context, hits *hits, compile func() (matcher, error), reader func() *mailstore.MessageReader) *crew {
	ctx, cancel := context.WithCancel(ctx)
	return &crew{ctx: ctx, cancel: cancel, hits: hits, compile: compile, reader: reader, filling: newBatch()}
}

func newBatch() *batch {
	return &batch{messages: make([]place, 0, batchSize), done: make(chan struct{}, 1)}
}

// look has a message of so many octets looked at. Errors are about this message
// or about one before.
func (c *crew) look(p place, octets int64) error {
	b := c.filling
	b.messages = append(b.messages, p)
	b.octets += octets
	if len(b.messages) < batchSize && b.octets < batchOctets {
		return nil
	}
	if c.jobs == nil {
		return c.begin()
	}
	return c.hand()
}

// begin looks at the first batch and starts the workers.
func (c *crew) begin() error {
	if err := c.lookHere(); err != nil || c.hits.enough {
		return err
	}
	n := runtime.GOMAXPROCS(0)
	c.size = 2 * n
	c.jobs = make(chan *batch, c.size)
	for range n {
		w, err := c.newWorker()
		if err != nil {
			return err
		}
		c.workers.Go(func() { w.work(c.jobs) })
	}
	return nil
}

// lookHere looks at what is filled in this goroutine.
func (c *crew) lookHere() error {
	w, err := c.newWorker()
	if err != nil {
		return err
	}
	w.look(c.filling)
	return c.collect(c.filling)
}

// hand gives what is filled to a worker and makes room for more.
func (c *crew) hand() error {
	c.jobs <- c.filling // has room for all that are pending
	c.pending = append(c.pending, c.filling)
	if len(c.pending) < c.size {
		c.filling = newBatch()
		return nil
	}
	return c.await()
}

// await waits for the batch that was given out first and fills it again.
func (c *crew) await() error {
	b := c.pending[0]
	c.pending = append(c.pending[:0], c.pending[1:]...)
	<-b.done
	c.filling = b
	return c.collect(b)
}

// collect adds what was found in a batch to the hits and empties the batch.
func (c *crew) collect(b *batch) error {
	if b.panicked != nil {
		panic(b.panicked)
	}
	for _, p := range b.found {
		if c.hits.add(p.seq, p.entry) {
			return nil
		}
	}
	b.messages, b.octets, b.found = b.messages[:0], 0, b.found[:0]
	return b.err
}

// finish waits for all that has been given out.
func (c *crew) finish() error {
	if c.jobs == nil {
		return c.lookHere()
	}
	c.jobs <- c.filling
	c.pending = append(c.pending, c.filling)
	for len(c.pending) > 0 {
		if err := c.await(); err != nil || c.hits.enough {
			return err
		}
	}
	return nil
}

// dismiss ends the workers and waits for them.
func (c *crew) dismiss() {
	c.cancel()
	if c.jobs != nil {
		close(c.jobs)
	}
	c.workers.Wait()
}

// A worker looks at messages with a matcher and buffers of its own.
type worker struct {
	match     matcher
	candidate candidate
	first     bool // one hit is enough
}

func (c *crew) newWorker() (*worker, error) {
	match, err := c.compile()
	return &worker{match: match, candidate: candidate{ctx: c.ctx, reader: c.reader()}, first: c.hits.limit == 1}, err
}

func (w *worker) work(jobs <-chan *batch) {
	for b := range jobs {
		w.lookSafely(b)
		b.done <- struct{}{}
	}
}

// lookSafely passes a panic on to the session, whose connection alone ends by
// it.
func (w *worker) lookSafely(b *batch) {
	defer func() {
		if p := recover(); p != nil {
			b.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	w.look(b)
}

// look looks at the messages of a batch, up to the first error, and up to the
// first hit if that is enough.
func (w *worker) look(b *batch) {
	b.err = nil
	m := &w.candidate
	for _, p := range b.messages {
		m.reset(p.seq, p.entry)
		ok, err := w.match.test(m)
		m.close()
		if err != nil {
			b.err = err
			return
		}
		if ok {
			b.found = append(b.found, p)
			if w.first {
				return
			}
		}
	}
}
