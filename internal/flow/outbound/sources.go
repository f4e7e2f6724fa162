package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A SourcePool is addresses of ours that mail is sent from in turn. While they
// are new to the world, a plan says how many recipients of one destination they
// may serve in a day.
type SourcePool struct {
	Name      string
	Addresses []netip.Addr
	// WarmUp is the ceiling of the first, second, ... day from Start on;
	// after the last there is none.
	WarmUp []int
	Start  time.Time
	// Overflow serves what is over the ceiling; nil lets it wait for the
	// next day.
	Overflow *SourcePool
	// Uses counts; it is only needed for a plan.
	Uses *Uses

	mu   sync.Mutex
	turn int
}

// ceiling returns how many recipients of one destination may be served on the
// day of now, if there is a bound.
func (p *SourcePool) ceiling(now time.Time) (int, bool) {
	day := int(dayOf(now).Sub(dayOf(p.Start)) / (24 * time.Hour))
	if day >= len(p.WarmUp) {
		return 0, false
	}
	return p.WarmUp[max(day, 0)], true
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// next returns an address of the pool that can reach another, in turn; an
// invalid one if there is none.
func (p *SourcePool) next(to netip.Addr) netip.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.Addresses {
		p.turn = (p.turn + 1) % len(p.Addresses)
		if a := p.Addresses[p.turn]; a.Is4() == to.Unmap().Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// reserve finds room for n recipients of a destination in the pool, or in those
// that it flows over into. Where none has room for all of them, the first one
// that has some serves as many as it can: a plan may never have room for more
// than one parcel has recipients.
func (p *SourcePool) reserve(destination string, n int, now time.Time) (*reservation, error) {
	for _, least := range []int{n, 1} {
		for pool := p; pool != nil; pool = pool.Overflow {
			limit, bounded := pool.ceiling(now)
			if !bounded {
				return &reservation{pool: pool, n: n}, nil
			}
			u := queue.Use{Day: dayOf(now), Pool: pool.Name, Destination: destination}
			taken, err := pool.Uses.take(u, least, n, limit)
			if taken > 0 || err != nil {
				return &reservation{pool: pool, use: u, n: taken, counted: true}, err
			}
		}
	}
	return nil, nil
}

// A reservation is room in a pool.
type reservation struct {
	pool    *SourcePool
	use     queue.Use
	n       int // recipients that there is room for
	counted bool
}

// keep keeps room for so many recipients, and gives back the rest.
func (r *reservation) keep(n int) {
	if r != nil && r.counted {
		r.pool.Uses.giveBack(r.use, r.n-n)
	}
}

// Uses counts what pools with a plan have served. The counts survive a restart:
// those of a delivery are stored with its outcome.
type Uses struct {
	queue *queue.Queue

	mu     sync.Mutex
	counts map[queue.Use]int
}

// NewUses returns the counts that a queue keeps.
func NewUses(q *queue.Queue) *Uses { return &Uses{queue: q, counts: map[queue.Use]int{}} }

// maxUses bounds the counts in memory; the others are read again.
const maxUses = 100_000

// take counts up to n recipients more, as many as a limit allows, and returns
// how many. It counts none if they would be less than least.
func (s *Uses) take(u queue.Use, least, n, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count, known := s.counts[u]
	if !known {
		stored, err := s.queue.Used(u)
		if err != nil {
			return 0, err
		}
		s.forget(u.Day)
		count = int(stored)
	}
	n = min(n, limit-count)
	if n < least {
		n = 0
	}
	s.counts[u] = count + n
	return n, nil
}

// forget drops the counts of days before, or all if they are too many.
func (s *Uses) forget(day time.Time) {
	for u := range s.counts {
		if u.Day.Before(day) || len(s.counts) >= maxUses {
			delete(s.counts, u)
		}
	}
}

func (s *Uses) giveBack(u queue.Use, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.counts[u]; known {
		s.counts[u] -= n
	}
}

// store writes a count into a batch.
func (s *Uses) store(b *storage.Batch, u queue.Use) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, known := s.counts[u]; known {
		queue.SetUsed(b, u, uint64(max(0, n)))
	}
}

// storeUses writes the counts that the results of a parcel have changed.
func storeUses(b *storage.Batch, results []Result) {
	for i := range results {
		if r := results[i].reserved; r != nil && r.counted {
			r.pool.Uses.store(b, r.use)
			return // all results of a parcel have the same
		}
	}
}

// dialFrom dials from an address of this machine.
func dialFrom(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	return d.DialContext(ctx, network, address)
}

// isOurFault reports whether a connection failed because the source is not an
// address of this machine.
func isOurFault(err error) bool { return errors.Is(err, syscall.EADDRNOTAVAIL) }
