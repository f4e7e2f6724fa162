package imapsession

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A crew looks at the messages of one search that must be read, and takes from
// each hit the facts that are wanted of it. Messages go in batches to workers,
// one for each processor; the hits come back in order. No more than a few
// batches are under way, so that one hit that is enough does not come after the
// whole mailbox has been read. The first batch is looked at where it is filled:
// a small search starts no goroutine.
//
// Its methods are for one goroutine, that of the session.
type crew[F any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	task   task[F]
	enough bool // a hit was, no other is wanted

	filling *batch[F]
	pending []*batch[F] // given to workers, in order
	size    int         // how many batches may be pending
	jobs    chan *batch[F]
	workers sync.WaitGroup
}

// A task is what a crew does.
type task[F any] struct {
	// examiner makes what one worker looks at messages with.
	examiner func() (examiner[F], error)
	// reader makes what one worker reads messages by: nil if its examiner
	// reads none.
	reader func() *mailstore.MessageReader
	// found takes the hits in order, and tells whether no other is wanted.
	found func(finding[F]) bool
	// first says that one hit is enough.
	first bool
	// total is how many messages there are, for who waits; it may be zero.
	total uint32
}

// An examiner tells whether a message is a hit, and its facts if so.
type examiner[F any] func(*candidate) (facts F, hit bool, err error)

// A finding is a hit.
type finding[F any] struct {
	place
	facts F
}

// What goes to a worker at once: about as many messages as a MessageReader
// reads ahead, but no more octets than are read in a millisecond or so.
const (
	batchSize   = 64
	batchOctets = 512 << 10
)

// A batch is some messages and what a worker found out about them.
type batch[F any] struct {
	messages []place
	octets   int64 // of the messages
	found    []finding[F]
	err      error // after what was found
	panicked any
	done     chan struct{}
}

// A place is a message in the view.
type place struct {
	seq   imap.SeqNum
	entry mailstore.Entry
}

// newCrew returns a crew for a task. Who calls it must call dismiss in the end.
func newCrew[F any](ctx context.Context, t task[F]) *crew[F] {
	ctx, cancel := context.WithCancel(ctx)
	return &crew[F]{ctx: ctx, cancel: cancel, task: t, filling: newBatch[F]()}
}

func newBatch[F any]() *batch[F] {
	return &batch[F]{messages: make([]place, 0, batchSize), done: make(chan struct{}, 1)}
}

// look has a message of so many octets looked at. Errors are about this message
// or about one before.
func (c *crew[F]) look(p place, octets int64) error {
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
func (c *crew[F]) begin() error {
	if err := c.lookHere(); err != nil || c.enough {
		return err
	}
	n := runtime.GOMAXPROCS(0)
	c.size = 2 * n
	c.jobs = make(chan *batch[F], c.size)
	for range n {
		w, err := c.newWorker()
		if err != nil {
			return err
		}
		c.workers.Go(func() {
			defer w.candidate.release()
			w.work(c.jobs)
		})
	}
	return nil
}

// lookHere looks at what is filled in this goroutine.
func (c *crew[F]) lookHere() error {
	w, err := c.newWorker()
	if err != nil {
		return err
	}
	defer w.candidate.release()
	w.look(c.filling)
	return c.collect(c.filling)
}

// hand gives what is filled to a worker and makes room for more.
func (c *crew[F]) hand() error {
	c.jobs <- c.filling // has room for all that are pending
	c.pending = append(c.pending, c.filling)
	if len(c.pending) < c.size {
		c.filling = newBatch[F]()
		return nil
	}
	return c.await()
}

// await waits for the batch that was given out first and fills it again.
func (c *crew[F]) await() error {
	b := c.pending[0]
	c.pending = append(c.pending[:0], c.pending[1:]...)
	<-b.done
	c.filling = b
	return c.collect(b)
}

// collect adds what was found in a batch to the hits and empties the batch.
func (c *crew[F]) collect(b *batch[F]) error {
	if b.panicked != nil {
		panic(b.panicked)
	}
	for _, f := range b.found {
		if c.enough = c.task.found(f); c.enough {
			return nil
		}
	}
	b.messages, b.octets, b.found = b.messages[:0], 0, b.found[:0]
	return b.err
}

// finish waits for all that has been given out.
func (c *crew[F]) finish() error {
	if c.jobs == nil {
		return c.lookHere()
	}
	c.jobs <- c.filling
	c.pending = append(c.pending, c.filling)
	for len(c.pending) > 0 {
		if err := c.await(); err != nil || c.enough {
			return err
		}
	}
	return nil
}

// dismiss ends the workers and waits for them.
func (c *crew[F]) dismiss() {
	c.cancel()
	if c.jobs != nil {
		close(c.jobs)
	}
	c.workers.Wait()
}

// A worker looks at messages with an examiner and buffers of its own.
type worker[F any] struct {
	examine   examiner[F]
	candidate candidate
	first     bool // one hit is enough
}

func (c *crew[F]) newWorker() (*worker[F], error) {
	examine, err := c.task.examiner()
	return &worker[F]{
		examine:   examine,
		candidate: candidate{ctx: c.ctx, reader: c.task.reader()},
		first:     c.task.first,
	}, err
}

func (w *worker[F]) work(jobs <-chan *batch[F]) {
	for b := range jobs {
		b.panicked = safely(func() { w.look(b) })
		b.done <- struct{}{}
	}
}

// safely returns what do has panicked with, to be passed on to the session,
// whose connection alone ends by it.
func safely(do func()) (panicked any) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	do()
	return nil
}

// look looks at the messages of a batch, up to the first error, and up to the
// first hit if that is enough.
func (w *worker[F]) look(b *batch[F]) {
	b.err = nil
	m := &w.candidate
	for _, p := range b.messages {
		m.reset(p.seq, p.entry)
		facts, hit, err := w.examine(m)
		m.close()
		if err != nil {
			b.err = err
			return
		}
		if hit {
			b.found = append(b.found, finding[F]{p, facts})
			if w.first {
				return
			}
		}
	}
}

// examineAll has a crew look at those messages that pass a test on columns.
func examineAll[F any](ctx context.Context, messages iter.Seq2[imap.SeqNum, mailstore.Entry], onColumns matcher, t task[F]) error {
	crew := newCrew(ctx, t)
	defer crew.dismiss()
	progress := imapserver.ProgressOf(ctx)
	m := candidate{ctx: crew.ctx, reader: t.reader()} // for what columns do not have
	defer m.release()
	done := uint32(0)
	for seq, e := range messages {
		if done%batchSize == 0 {
			progress.Report(done, t.total)
		}
		done++
		m.reset(seq, e)
		ok, err := onColumns.test(&m)
		m.close()
		if err == nil && ok {
			err = crew.look(place{seq, e}, e.Size())
		}
		if err != nil {
			return err
		}
		if crew.enough {
			return nil
		}
	}
	return crew.finish()
}
