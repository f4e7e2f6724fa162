package peers

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/tlspolicy"
)

const (
	spacePolicy   = 0x60
	spaceSessions = 0x61
)

// A Store keeps what is known of peers. Its methods may be called concurrently.
type Store struct {
	store storage.Store
}

// New returns a Store.
func New(store storage.Store) *Store { return &Store{store: store} }

// A Policy is an MTA-STS policy with the id of its record.
type Policy struct {
	ID      string           `json:"id"`
	Policy  tlspolicy.Policy `json:"policy"`
	Fetched time.Time        `json:"fetched"`
}

// Expires is when the policy must not be used any more.
func (p *Policy) Expires() time.Time { return p.Fetched.Add(p.Policy.MaxAge) }

func policyKey(domain string) []byte { return append([]byte{spacePolicy}, domain...) }

// Policy returns the policy of a domain, nil if none is known.
func (s *Store) Policy(domain string) (*Policy, error) {
	text, err := s.store.Get(nil, policyKey(domain))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := new(Policy)
	return p, json.Unmarshal(text, p)
}

// SetPolicy keeps the policy of a domain.
func (s *Store) SetPolicy(domain string, p *Policy) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	batch := s.store.NewBatch()
	batch.Set(policyKey(domain), text)
	return storage.Commit(s.store, batch)
}

// ExpirePolicies forgets the policies that have expired by now.
func (s *Store) ExpirePolicies(now time.Time) error {
	batch := s.store.NewBatch()
	err := s.store.Scan(storage.Range{Start: []byte{spacePolicy}, End: []byte{spacePolicy + 1}}, func(k, v []byte) error {
		var p Policy
		if err := json.Unmarshal(v, &p); err != nil || !now.Before(p.Expires()) {
			batch.Delete(k)
		}
		if batch.Size() > storage.MaxBatchSize/2 {
			return storage.ErrStop // the rest next time
		}
		return nil
	})
	if err != nil || batch.Empty() {
		return err
	}
	return storage.Commit(s.store, batch)
}
