package outbound

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/smtp"
)

// A Schedule says when a delivery is tried again and when the sender is told.
// Zero values stand for the defaults.
type Schedule struct {
	// Pauses follow the first, second, ... failed attempt; the last is
	// repeated. Default: 1, 5, 15 and 30 minutes, 1, 2 and 4 hours.
	// (RFC 5321 §4.5.4.1 asks for 30 minutes in general, and for two
	// attempts in the first hour.)
	Pauses []time.Duration
	// Jitter is the part of a pause by which it is made longer or shorter
	// at random; default 0.1.
	Jitter float64
	// DelayNotice is how long after its arrival the sender is told that a
	// message is late; default 4 hours.
	DelayNotice time.Duration
}

func (s Schedule) withDefaults() Schedule {
	if len(s.Pauses) == 0 {
		s.Pauses = []time.Duration{
			time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
			time.Hour, 2 * time.Hour, 4 * time.Hour,
		}
	}
	s.Jitter = cmp.Or(s.Jitter, 0.1)
	s.DelayNotice = cmp.Or(s.DelayNotice, 4*time.Hour)
	return s
}

// Facts are all that matters for what becomes of a recipient.
type Facts struct {
	Result        Result
	Attempts      int // including the one that Result is about
	Received      time.Time
	Expires       time.Time
	Now           time.Time
	DelayNotified bool
	NullSender    bool
	Notify        smtp.Notify // what the sender wants to be told; 0 is the default
	By            smtp.By     // counted from Received
	Chance        float64     // in [0, 1), for the jitter
}

// A Verdict is what becomes of a recipient.
type Verdict struct {
	Outcome queue.OutcomeKind // Delivered, Failed or Deferred
	Due     time.Time         // of the next attempt, if Deferred
	Tell    dsn.Action        // what the sender is told: Failed, Delayed, Relayed, or nothing
	// Expired says that delivery has failed because time is up. The sender
	// sees why it did not succeed earlier.
	Expired bool
}

// Judge turns facts into a verdict.
func (s Schedule) Judge(f Facts) Verdict {
	switch {
	case f.Result.Kind == Accepted:
		return Verdict{Outcome: queue.Delivered, Tell: f.relayed()}
	case f.Result.Kind == Permanent:
		return Verdict{Outcome: queue.Failed, Tell: f.tell(dsn.Failed, smtp.NotifyFailure)}
	}
	s = s.withDefaults()
	deadline := f.deadline()
	if f.By.Mode == smtp.ByReturn && deadline.Before(f.Expires) {
		f.Expires = deadline
	}
	due := f.Now.Add(s.pause(f.Attempts, f.Chance))
	if !f.Now.Before(f.Expires) {
		return Verdict{Outcome: queue.Failed, Tell: f.tell(dsn.Failed, smtp.NotifyFailure), Expired: true}
	}
	if f.Result.NotBefore.After(due) {
		due = f.Result.NotBefore
	}
	if due.After(f.Expires) {
		due = f.Expires // once more, at the last moment
	}
	if f.By.Mode == smtp.ByNotify && deadline.After(f.Now) && deadline.Before(due) {
		due = deadline // so that the sender hears of the delay then
	}
	v := Verdict{Outcome: queue.Deferred, Due: due}
	switch {
	case f.DelayNotified:
	case f.By.Mode == smtp.ByNotify && !f.Now.Before(deadline):
		v.Tell = f.unlessNever(dsn.Delayed)
	case f.Now.Sub(f.Received) >= s.DelayNotice:
		v.Tell = f.tell(dsn.Delayed, smtp.NotifyDelay)
	}
	return v
}

// deadline is when the sender wants the message to be delivered, if they do
// (RFC 2852 §4).
func (f *Facts) deadline() time.Time { return f.Received.Add(f.By.Within) }

// relayed returns the action if the sender must hear that the message has gone
// to a system that will not tell of its delivery (RFC 3461 §5.2.2), or that it
// has passed by here (RFC 2852 §4.1).
func (f *Facts) relayed() dsn.Action {
	if f.Result.Final {
		return ""
	}
	if f.By.Trace {
		return f.unlessNever(dsn.Relayed)
	}
	if f.Notify&smtp.NotifySuccess != 0 && !f.Result.Reports && !f.NullSender {
		return dsn.Relayed
	}
	return ""
}

// unlessNever returns the action unless the sender wants to hear of nothing.
func (f *Facts) unlessNever(a dsn.Action) dsn.Action {
	if f.NullSender || f.Notify&smtp.NotifyNever != 0 {
		return ""
	}
	return a
}

// tell returns the action if the sender wants to hear of it. By default
// senders hear of failures and delays (RFC 3461 §4.1).
func (f *Facts) tell(a dsn.Action, wanted smtp.Notify) dsn.Action {
	if f.NullSender || f.Notify != 0 && f.Notify&wanted == 0 {
		return ""
	}
	return a
}

// pause is how long to wait after so many attempts.
func (s Schedule) pause(attempts int, chance float64) time.Duration {
	i := min(max(attempts, 1), len(s.Pauses)) - 1
	pause := float64(s.Pauses[i])
	return time.Duration(pause + pause*s.Jitter*(2*chance-1))
}

// longest is more than any recipient waits between two attempts.
func (s Schedule) longest() time.Duration {
	s = s.withDefaults()
	return time.Duration(float64(slices.Max(s.Pauses))*(1+s.Jitter)) + time.Hour
}

// chance draws the number for the jitter.
func chance() float64 { return rand.Float64() }
