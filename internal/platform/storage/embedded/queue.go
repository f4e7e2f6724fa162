package embedded

import (
	"runtime"
	"sync"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Limits of a group.
const (
	maxGroupBatches = 1024
	maxGroupSize    = storage.MaxBatchSize // bytes, a first batch apart
)

// A request is something for the leader to do: commit a batch, move blobs out
// of a pack that is being collected, or run a task alone.
type request struct {
	queue   *queue
	pending *storage.Pending

	// One of these is set.
	batch *storage.Batch
	moves *relocation
	task  func() error

	err     error
	waiting bool          // guarded by queue.mu: somebody waits for turn
	turn    chan struct{} // leadership is handed over
}

// size is what the request adds to the size of its group.
func (r *request) size() int {
	switch {
	case r.batch != nil:
		return r.batch.Size()
	case r.moves != nil:
		return r.moves.size()
	}
	return 0
}

// A queue orders requests. There is no goroutine that serves it: the first
// waiter becomes the leader, who takes all that have gathered as one group,
// does their work, wakes them, and hands the lead to a waiter of the next
// group. A lone writer thus commits without a switch of goroutines.
type queue struct {
	serve func(group []*request) // sets err of each

	mu      sync.Mutex
	waiting []*request
	leading bool
	closed  bool

	group []*request // belongs to the leader
}

// enqueue appends a request. A closed queue refuses it.
func (q *queue) enqueue(r *request) *storage.Pending {
	r.queue = q
	r.pending = storage.NewDrivenPending(r)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		r.pending = storage.NewPending()
		r.pending.Resolve(storage.ErrClosed)
		return r.pending
	}
	q.waiting = append(q.waiting, r)
	return r.pending
}

// Drive implements [storage.Driver]: it leads, or waits for the leader.
func (r *request) Drive() {
	if !r.queue.tryLead(r) {
		select {
		case <-r.pending.Done():
			return
		case <-r.turn:
		}
	}
	r.queue.lead(r)
}

// tryLead makes the caller the leader if there is none.
func (q *queue) tryLead(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.leading {
		q.leading = true
		return true
	}
	if r.turn == nil {
		r.turn = make(chan struct{}, 1)
	}
	r.waiting = true
	return false
}

// lead serves groups until r has its outcome.
func (q *queue) lead(r *request) {
	for !r.resolved() {
		q.gather()
		group := q.next()
		q.serve(group)
		for _, r := range group {
			r.pending.Resolve(r.err)
		}
	}
	q.handOver()
}

func (r *request) resolved() bool {
	select {
	case <-r.pending.Done():
		return true
	default:
		return false
	}
}

// gather lets other writers run that are about to enqueue, as those of the
// last group are when several write at once. It yields as long as the queue
// grows by it; it never sleeps, and a lone writer does not yield at all.
func (q *queue) gather() {
	lone := len(q.group) <= 1
	for before, n := 0, q.length(); n > before && n < maxGroupBatches; {
		if lone && n == 1 {
			return
		}
		runtime.Gosched()
		before, n = n, q.length()
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// next takes the next group off the queue: a task, or as many batches as fit.
func (q *queue) next() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.waiting) && n < maxGroupBatches {
		r := q.waiting[n]
		size += r.size()
		if n > 0 && (size > maxGroupSize || r.task != nil) {
			break
		}
		n++
		if r.task != nil {
			break
		}
	}
	clear(q.group)
	q.group = append(q.group[:0], q.waiting[:n]...)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	return q.group
}

// handOver makes a waiter the leader. If nobody waits yet, the next one who
// does will lead.
func (q *queue) handOver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.waiting {
		if r.waiting {
			r.turn <- struct{}{}
			return
		}
	}
	q.leading = false
}

// close refuses further requests and waits for those before; then it runs
// last.
func (q *queue) close(last func() error) error {
	r := &request{task: last, queue: q}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return storage.ErrClosed
	}
	q.closed = true
	r.pending = storage.NewDrivenPending(r)
	q.waiting = append(q.waiting, r)
	q.mu.Unlock()
	return r.pending.Wait()
}
