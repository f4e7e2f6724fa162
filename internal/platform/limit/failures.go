package limit

import (
	"net/netip"
	"strings"
	"time"
)

// FailureOptions of Failures. Start from DefaultFailureOptions.
type FailureOptions struct {
	// Network is how often a network may fail before it is refused.
	Network Rate
	// Account is how often logging in to one account may fail before each
	// further attempt is delayed, from wherever it comes.
	Account Rate
	// MaxDelay bounds that delay.
	MaxDelay time.Duration
	// Remembered bounds the networks, and the accounts, that are kept in
	// memory.
	Remembered int
	// Now is the clock.
	Now func() time.Time
}

// DefaultFailureOptions let a person mistype, and a forgotten phone with an old
// password try a while.
func DefaultFailureOptions() FailureOptions {
	return FailureOptions{
		Network:    Rate{Burst: 30, Per: 10 * time.Minute},
		Account:    Rate{Burst: 10, Per: 10 * time.Minute},
		MaxDelay:   5 * time.Second,
		Remembered: 50_000,
		Now:        time.Now,
	}
}

// Failures remembers failed logins. A network that fails too often is refused
// for a while. An account is never locked, because then anyone could lock its
// owner out; attempts on it only take longer. The methods may be called
// concurrently.
type Failures struct {
	networks *Buckets[netip.Prefix]
	accounts *Buckets[string]
	maxDelay time.Duration
}

// NewFailures returns a memory without failures.
func NewFailures(o FailureOptions) *Failures {
	return &Failures{
		networks: NewBuckets[netip.Prefix](o.Network, o.Remembered, o.Now),
		accounts: NewBuckets[string](o.Account, o.Remembered, o.Now),
		maxDelay: o.MaxDelay,
	}
}

// A Verdict says how to treat an attempt to log in.
type Verdict struct {
	Refused bool          // not to be tried at all
	Delay   time.Duration // to wait before it is tried
}

// maxAccountName bounds the names that are kept: a peer chooses them.
const maxAccountName = 256

// Check judges an attempt before it is made. The account is the login name in
// canonical form.
func (f *Failures) Check(ip netip.Addr, account string) Verdict {
	return Verdict{
		Refused: f.networks.Wait(Network(ip)) > 0,
		Delay:   min(f.maxDelay, f.accounts.Wait(accountKey(account))),
	}
}

// Fail counts an attempt that failed.
func (f *Failures) Fail(ip netip.Addr, account string) {
	f.networks.Drain(Network(ip))
	f.accounts.Drain(accountKey(account))
}

// Succeed forgets the failures of an account. Those of the network stay: an
// account of one's own must not buy guesses at others.
func (f *Failures) Succeed(account string) { f.accounts.Refill(accountKey(account)) }

// accountKey copies the start of a long name, so that the rest is not kept.
func accountKey(account string) string {
	if len(account) <= maxAccountName {
		return account
	}
	return strings.Clone(account[:maxAccountName])
}
