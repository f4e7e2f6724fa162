package submission

import (
	"fmt"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/platform/limit"
)

// Rates are how much one account may send. Each is a bucket: so much at once,
// and as much again evenly over the time. Zero is no limit.
type Rates struct {
	MessagesPerHour   int
	RecipientsPerHour int
	RecipientsPerDay  int
}

// Senders counts what accounts send, in memory: a restart forgives. Its methods
// may be called concurrently.
type Senders struct {
	messages, recipients, daily *rate
}

// maxSenders is how many accounts are counted at a time; those that have sent
// the longest ago are forgotten first.
const maxSenders = 100_000

// NewSenders returns counters at zero.
func NewSenders(r Rates, now func() time.Time) *Senders {
	return &Senders{
		messages:   newRate("messages", r.MessagesPerHour, time.Hour, now),
		recipients: newRate("recipients", r.RecipientsPerHour, time.Hour, now),
		daily:      newRate("recipients", r.RecipientsPerDay, 24*time.Hour, now),
	}
}

// Message counts a message, or returns an *OverRateError.
func (s *Senders) Message(id directory.AccountID) error { return s.messages.take(id) }

// Recipient counts a recipient, or returns an *OverRateError.
func (s *Senders) Recipient(id directory.AccountID) error {
	if err := s.daily.take(id); err != nil {
		return err
	}
	return s.recipients.take(id)
}

// A rate is one limit of each account; nil limits nothing.
type rate struct {
	what    string
	most    int
	per     time.Duration
	buckets *limit.Buckets[directory.AccountID]
	now     func() time.Time
}

func newRate(what string, most int, per time.Duration, now func() time.Time) *rate {
	if most <= 0 {
		return nil
	}
	return &rate{
		what: what, most: most, per: per, now: now,
		buckets: limit.NewBuckets[directory.AccountID](limit.Rate{Burst: most, Per: per}, maxSenders, now),
	}
}

func (r *rate) take(id directory.AccountID) error {
	if r == nil || r.buckets.Take(id, 1) {
		return nil
	}
	return &OverRateError{What: r.what, Most: r.most, Per: r.per, Until: r.now().Add(r.buckets.Wait(id))}
}

// An OverRateError says that an account has sent as much as it may.
type OverRateError struct {
	What  string // "messages" or "recipients"
	Most  int
	Per   time.Duration
	Until time.Time // when one more may be sent
}

// Error implements error.
func (e *OverRateError) Error() string { return "submission: " + e.Public() }

// Public is what the user is told.
func (e *OverRateError) Public() string {
	per := "hour"
	if e.Per > time.Hour {
		per = "day"
	}
	return fmt.Sprintf("You may send %d %s per %s, try again after %s", e.Most, e.What, per, e.Until.UTC().Format(time.RFC3339))
}
