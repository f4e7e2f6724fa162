package storage

// A Pending is the outcome of an enqueued batch.
type Pending struct {
	done   chan struct{}
	err    error
	driver Driver
}

// A Driver is an engine's view of an enqueued batch. Drive does what is left
// to do, or waits for whoever does it, until the outcome is known.
type Driver interface{ Drive() }

// NewPending returns a Pending that an engine resolves later.
func NewPending() *Pending { return &Pending{done: make(chan struct{})} }

// NewDrivenPending returns a Pending for an engine whose waiters do the work:
// Wait calls Drive.
func NewDrivenPending(d Driver) *Pending {
	return &Pending{done: make(chan struct{}), driver: d}
}

// Resolve sets the outcome; engines call it once.
func (p *Pending) Resolve(err error) {
	p.err = err
	close(p.done)
}

// Wait returns when the batch is durable (nil) or has failed. It does not
// take a context: whoever enqueued a batch must learn its fate before it may
// answer anyone.
func (p *Pending) Wait() error {
	if p.driver != nil {
		p.driver.Drive()
	}
	<-p.done
	return p.err
}

// Done is closed when the outcome is known. It does not make the commit
// happen: somebody has to call Wait.
func (p *Pending) Done() <-chan struct{} { return p.done }
