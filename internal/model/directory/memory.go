package directory

import (
	"sync"

	"github.com/mailstead/mailstead/address"
)

// maxRemembered is the size of a recipient that is worth remembering. Larger
// ones are lists, asked for rarely and costly to keep.
const maxRemembered = 64

// A memory holds what addresses came to since the last change. Only addresses
// that somebody has are remembered, so that guessing names fills nothing.
type memory struct {
	limit int

	mu         sync.RWMutex
	recipients map[address.Address]Recipient // by the address as written
}

func newMemory(limit int) *memory {
	return &memory{limit: limit, recipients: make(map[address.Address]Recipient)}
}

func (m *memory) get(a address.Address) (Recipient, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.recipients[a]
	return r, ok
}

// put remembers a recipient, in the place of any other if there is no room.
func (m *memory) put(a address.Address, r Recipient) {
	if len(r.Local)+len(r.Foreign)+len(r.Broken) > maxRemembered {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.recipients) >= m.limit {
		for other := range m.recipients {
			delete(m.recipients, other)
			break
		}
	}
	m.recipients[a] = r
}
