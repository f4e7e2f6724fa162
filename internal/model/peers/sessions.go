package peers

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/tlspolicy"
)

// A Day counts days since 1970, in UTC.
type Day uint32

// DayOf returns the day of a moment.
func DayOf(t time.Time) Day { return Day(max(t.Unix(), 0) / (24 * 60 * 60)) }

// Start is the first moment of the day.
func (d Day) Start() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// End is the last second of the day.
func (d Day) End() time.Time { return (d + 1).Start().Add(-time.Second) }

// Sessions is how the TLS sessions with the hosts of a domain went.
type Sessions struct {
	Policies []tlspolicy.PolicyReport
}

// maxDetails bounds the different failures that are kept of one policy.
const maxDetails = 100

// Add counts sessions under a policy. A failure counts as many sessions as it
// says; without one there were successes.
func (s *Sessions) Add(policy tlspolicy.AppliedPolicy, successes int64, failures ...tlspolicy.FailureDetail) {
	i := slices.IndexFunc(s.Policies, func(p tlspolicy.PolicyReport) bool { return samePolicy(&p.Policy, &policy) })
	if i < 0 {
		i = len(s.Policies)
		s.Policies = append(s.Policies, tlspolicy.PolicyReport{Policy: policy})
	}
	p := &s.Policies[i]
	p.Summary.Successful += successes
	for _, f := range failures {
		p.Summary.Failed += f.Sessions
		addFailure(p, f)
	}
}

func samePolicy(a, b *tlspolicy.AppliedPolicy) bool {
	return a.Type == b.Type && a.Domain == b.Domain && slices.Equal(a.String, b.String)
}

func addFailure(p *tlspolicy.PolicyReport, f tlspolicy.FailureDetail) {
	i := slices.IndexFunc(p.Failures, func(known tlspolicy.FailureDetail) bool {
		known.Sessions = f.Sessions
		return known == f
	})
	switch {
	case i >= 0:
		p.Failures[i].Sessions += f.Sessions
	case len(p.Failures) < maxDetails:
		p.Failures = append(p.Failures, f)
	}
}

// merge adds what other has counted.
func (s *Sessions) merge(other *Sessions) {
	for _, p := range other.Policies {
		s.Add(p.Policy, p.Summary.Successful)
		kept := &s.Policies[slices.IndexFunc(s.Policies, func(q tlspolicy.PolicyReport) bool { return samePolicy(&q.Policy, &p.Policy) })]
		kept.Summary.Failed += p.Summary.Failed
		for _, f := range p.Failures {
			addFailure(kept, f)
		}
	}
}

func sessionsKey(day Day, domain string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{spaceSessions}, uint32(day)), domain...)
}

// AddSessions adds counts to those of a day. Calls must not overlap.
func (s *Store) AddSessions(day Day, counts map[string]*Sessions) error {
	batch := s.store.NewBatch()
	for domain, fresh := range counts {
		known, err := s.sessions(day, domain)
		if err != nil {
			return err
		}
		known.merge(fresh)
		text, err := json.Marshal(known)
		if err != nil {
			return err
		}
		if len(text) > storage.MaxValueSize {
			continue // no more detail than fits
		}
		batch.Set(sessionsKey(day, domain), text)
		if batch.Size() > storage.MaxBatchSize/2 {
			if err := storage.Commit(s.store, batch); err != nil {
				return err
			}
			batch = s.store.NewBatch()
		}
	}
	if batch.Empty() {
		return nil
	}
	return storage.Commit(s.store, batch)
}

func (s *Store) sessions(day Day, domain string) (*Sessions, error) {
	known := new(Sessions)
	text, err := s.store.Get(nil, sessionsKey(day, domain))
	if errors.Is(err, storage.ErrNotFound) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	return known, json.Unmarshal(text, known)
}

// EachSessions calls fn for each domain with sessions on days before the given
// one, the oldest first. An error of fn ends it.
func (s *Store) EachSessions(before Day, fn func(day Day, domain string, sessions *Sessions) error) error {
	snapshot := s.store.Snapshot()
	defer snapshot.Close()
	return snapshot.Scan(storage.Range{Start: []byte{spaceSessions}, End: sessionsKey(before, "")}, func(k, v []byte) error {
		if len(k) < 5 {
			return nil
		}
		sessions := new(Sessions)
		if err := json.Unmarshal(v, sessions); err != nil {
			return err
		}
		return fn(Day(binary.BigEndian.Uint32(k[1:])), string(k[5:]), sessions)
	})
}

// DropSessions forgets the sessions of a day with a domain.
func (s *Store) DropSessions(day Day, domain string) error {
	batch := s.store.NewBatch()
	batch.Delete(sessionsKey(day, domain))
	return storage.Commit(s.store, batch)
}
