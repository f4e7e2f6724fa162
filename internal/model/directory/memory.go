package directory

import (
	"sync"
	"sync/atomic"

	"github.com/mailstead/mailstead/address"
)

// maxRemembered is the size of a recipient that is worth remembering. Larger
// ones are lists, asked for rarely and costly to keep.
const maxRemembered = 64

// A memory holds what was found since the last change: what addresses came to,
// accounts, and the bounds of POP3 policies. Only what exists is remembered, so
// that guessing names fills nothing.
type memory struct {
	recipients remembered[address.Address, Recipient] // by the address as written
	accounts   remembered[AccountID, Account]
	pop3       atomic.Pointer[POP3Range]
}

func newMemory(limit int) *memory {
	return &memory{
		recipients: remembered[address.Address, Recipient]{limit: limit},
		accounts:   remembered[AccountID, Account]{limit: limit},
	}
}

// keep remembers a recipient, unless it is a long list.
func (m *memory) keep(a address.Address, r Recipient) {
	if len(r.Local)+len(r.Foreign)+len(r.Broken) <= maxRemembered {
		m.recipients.put(a, r)
	}
}

// remembered is a map of bounded size.
type remembered[K comparable, V any] struct {
	limit int

	mu    sync.RWMutex
	items map[K]V
}

func (r *remembered[K, V]) get(key K) (V, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	v, ok := r.items[key]
	return v, ok
}

// put remembers a value, in the place of any other if there is no room.
func (r *remembered[K, V]) put(key K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items == nil {
		r.items = make(map[K]V)
	}
	if len(r.items) >= r.limit {
		for other := range r.items {
			delete(r.items, other)
			break
		}
	}
	r.items[key] = v
}
