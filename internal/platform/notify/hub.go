package notify

import "sync"

// shardCount divides the accounts so that publishers of different accounts
// rarely meet. It is a power of two.
const shardCount = 64

// A Hub connects those who change accounts with those who watch them. Its
// methods may be called concurrently. It has no goroutine and needs no end.
type Hub struct {
	shards [shardCount]shard
}

// A shard holds the subscriptions of the accounts that hash to it.
type shard struct {
	mu       sync.Mutex
	accounts map[uint64][]*Subscription
	_        [40]byte // keep the locks of two shards off one cache line
}

// NewHub returns a hub without subscriptions.
func NewHub() *Hub {
	h := new(Hub)
	for i := range h.shards {
		h.shards[i].accounts = make(map[uint64][]*Subscription)
	}
	return h
}

// Publish says that an account is now at change modseq. It reaches the
// subscriptions that exist during the call.
func (h *Hub) Publish(account, modseq uint64) {
	s := h.shard(account)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.accounts[account] {
		sub.offer(modseq)
	}
}

// Subscribe has news called with each new number of an account until the
// subscription is closed. See the package comment for what news may do.
func (h *Hub) Subscribe(account uint64, news func(modseq uint64)) *Subscription {
	s := h.shard(account)
	sub := &Subscription{shard: s, account: account, news: news}
	s.mu.Lock()
	defer s.mu.Unlock()
	sub.index = len(s.accounts[account])
	s.accounts[account] = append(s.accounts[account], sub)
	return sub
}

// Subscriptions counts the open subscriptions, for metrics.
func (h *Hub) Subscriptions() int {
	n := 0
	for i := range h.shards {
		n += h.shards[i].count()
	}
	return n
}

// shard mixes the account's number by a multiplicative hash, because numbers
// are often handed out in steps.
func (h *Hub) shard(account uint64) *shard {
	return &h.shards[account*0x9e3779b97f4a7c15>>58&(shardCount-1)]
}

func (s *shard) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, subs := range s.accounts {
		n += len(subs)
	}
	return n
}
