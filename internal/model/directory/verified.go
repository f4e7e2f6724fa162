package directory

import (
	"crypto/hmac"
	"crypto/rand"
	"sync"
	"time"
)

// A verified remembers which passwords were found right a moment ago, because
// mail clients log in again and again, and each time costs tens of
// milliseconds. It holds a hash under a key that never leaves the process. The
// hash covers the stored credentials too: once they change, nothing matches.
type verified struct {
	key   []byte
	ttl   time.Duration
	limit int
	now   func() time.Time

	mu       sync.Mutex
	accounts map[AccountID]verification
}

type verification struct {
	mac   []byte
	until time.Time
}

func newVerified(o Options) *verified {
	key := make([]byte, 32)
	rand.Read(key)
	return &verified{
		key:      key,
		ttl:      o.VerifiedFor,
		limit:    o.Remembered,
		now:      o.Now,
		accounts: make(map[AccountID]verification),
	}
}

func (v *verified) has(id AccountID, hash, password string) bool {
	if v.ttl <= 0 || len(password) > maxPassword {
		return false
	}
	mac := keyed(v.key, hash, "\x00", password)
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.accounts[id]
	return ok && v.now().Before(known.until) && hmac.Equal(mac, known.mac)
}

func (v *verified) add(id AccountID, hash, password string) {
	if v.ttl <= 0 {
		return
	}
	mac := keyed(v.key, hash, "\x00", password)
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.accounts[id]; !ok && len(v.accounts) >= v.limit {
		v.makeRoom()
	}
	v.accounts[id] = verification{mac: mac, until: v.now().Add(v.ttl)}
}

// makeRoom drops any one account.
func (v *verified) makeRoom() {
	for id := range v.accounts {
		delete(v.accounts, id)
		return
	}
}
