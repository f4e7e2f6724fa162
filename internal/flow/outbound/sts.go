package outbound

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/tlspolicy"
)

// STSOptions of an STSKeeper; all must be set.
type STSOptions struct {
	Resolver dns.Resolver
	Fetcher  *tlspolicy.Fetcher
	Peers    *peers.Store
	Now      func() time.Time
	Logger   *slog.Logger
}

// An STSKeeper knows the MTA-STS policies of domains: it looks, fetches, and
// keeps (RFC 8461 §5.1). A policy that is known stays in force until it expires
// even if everything that could renew it fails.
type STSKeeper struct {
	STSOptions
	fetching singleflight.Group

	mu     sync.Mutex
	failed map[string]fetchFailure // by domain and id
}

// A fetchFailure keeps us from asking again and again.
type fetchFailure struct {
	until time.Time
	err   error
}

const (
	refetchAfter     = 5 * time.Minute
	maxFetchFailures = 10_000
)

// NewSTSKeeper returns an STSKeeper.
func NewSTSKeeper(o STSOptions) *STSKeeper {
	return &STSKeeper{STSOptions: o, failed: map[string]fetchFailure{}}
}

// Policy returns the policy of a domain; nil if it has none. An error says that
// a policy was announced and could not be had, for a report; there may be an
// older policy all the same.
func (k *STSKeeper) Policy(ctx context.Context, domain string) (*tlspolicy.Policy, error) {
	known, err := k.Peers.Policy(domain)
	if err != nil {
		return nil, err
	}
	if known != nil && !k.Now().Before(known.Expires()) {
		known = nil
	}
	id, err := k.announced(ctx, domain)
	switch {
	case err != nil && known == nil:
		return nil, nil
	case err != nil, known != nil && known.ID == id && k.Now().Before(known.Fetched.Add(known.Policy.MaxAge/2)):
		return &known.Policy, nil
	}
	fresh, err := k.fetch(ctx, domain, id)
	if err == nil {
		return fresh, nil
	}
	if known != nil {
		return &known.Policy, err
	}
	return nil, err
}

// announced returns the id of the policy that a domain announces.
func (k *STSKeeper) announced(ctx context.Context, domain string) (string, error) {
	answer, err := k.Resolver.LookupTXT(ctx, tlspolicy.RecordName(domain))
	if err != nil {
		return "", err
	}
	record, err := tlspolicy.ParseRecord(answer.Records)
	return record.ID, err
}

// fetch gets a policy, for all who want it at the same time at once.
func (k *STSKeeper) fetch(ctx context.Context, domain, id string) (*tlspolicy.Policy, error) {
	key := domain + " " + id
	if err := k.failedBefore(key); err != nil {
		return nil, err
	}
	result, err, _ := k.fetching.Do(key, func() (any, error) {
		// Others may wait for the same: that one of them gives up is not the
		// end. The Fetcher has a timeout of its own.
		policy, err := k.Fetcher.Fetch(context.WithoutCancel(ctx), domain)
		if err != nil {
			k.noteFailure(key, err)
			return nil, err
		}
		return policy, k.Peers.SetPolicy(domain, &peers.Policy{ID: id, Policy: *policy, Fetched: k.Now()})
	})
	if err != nil {
		return nil, err
	}
	return result.(*tlspolicy.Policy), nil
}

func (k *STSKeeper) failedBefore(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.failed[key]; ok && k.Now().Before(f.until) {
		return f.err
	}
	return nil
}

func (k *STSKeeper) noteFailure(key string, err error) {
	k.Logger.Warn("MTA-STS policy not fetched", "policy", key, "err", err)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.failed) >= maxFetchFailures {
		clear(k.failed)
	}
	k.failed[key] = fetchFailure{k.Now().Add(refetchAfter), err}
}
