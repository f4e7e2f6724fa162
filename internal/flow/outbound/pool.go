package outbound

import (
	"sync"
	"time"
)

// A pool keeps connections that may soon be used again.
type pool struct {
	maxIdle, maxUses int
	timeout          time.Duration
	expiring         sync.WaitGroup // a timer for each idle connection

	mu     sync.Mutex
	idle   map[place][]*pooled
	closed bool
}

// A pooled is a connection with its history.
type pooled struct {
	session
	uses  int // parcels so far
	timer *time.Timer
}

func newPool(maxIdle, maxUses int, timeout time.Duration) *pool {
	return &pool{maxIdle: maxIdle, maxUses: maxUses, timeout: timeout, idle: map[place][]*pooled{}}
}

// take returns an idle connection to a place, the one used last, or nil.
func (p *pool) take(pl place) *pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[pl]
	for len(list) > 0 {
		c := list[len(list)-1]
		list = list[:len(list)-1]
		p.set(pl, list)
		if c.timer.Stop() {
			p.expiring.Done()
			return c
		}
	}
	return nil
}

// set stores the connections to a place; the caller holds mu.
func (p *pool) set(pl place, list []*pooled) {
	if len(list) == 0 {
		delete(p.idle, pl)
		return
	}
	p.idle[pl] = list
}

// give returns a connection in good order. It is closed if it is not kept.
func (p *pool) give(pl place, c *pooled) {
	c.uses++
	if c.uses >= p.maxUses || !p.keep(pl, c) {
		c.quit()
	}
}

func (p *pool) keep(pl place, c *pooled) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[pl]
	if p.closed || len(list) >= p.maxIdle {
		return false
	}
	p.idle[pl] = append(list, c)
	p.expiring.Add(1)
	c.timer = time.AfterFunc(p.timeout, func() {
		defer p.expiring.Done()
		p.drop(pl, c)
		c.quit()
	})
	return true
}

// drop forgets an idle connection.
func (p *pool) drop(pl place, c *pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[pl]
	for i := range list {
		if list[i] == c {
			p.set(pl, append(list[:i:i], list[i+1:]...))
			return
		}
	}
}

// close quits all idle connections, and keeps none any more.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	all := p.idle
	p.idle = map[place][]*pooled{}
	p.mu.Unlock()
	for _, list := range all {
		for _, c := range list {
			if c.timer.Stop() {
				p.expiring.Done()
				c.quit()
			}
		}
	}
	p.expiring.Wait()
}
