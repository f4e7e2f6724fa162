package outbound

import (
	"testing"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/smtp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestJudge(t *testing.T) {
	t.Parallel()
	after := func(d time.Duration) time.Time { return noon.Add(d) }
	day := 24 * time.Hour
	tests := []struct {
		name  string
		facts Facts
		want  Verdict
	}{
		{"accepted", Facts{Result: Result{Kind: Accepted}}, Verdict{Outcome: queue.Delivered}},
		{"permanent", Facts{Result: Result{Kind: Permanent}}, Verdict{Outcome: queue.Failed, Tell: dsn.Failed}},
		{"permanent, null sender", Facts{Result: Result{Kind: Permanent}, NullSender: true}, Verdict{Outcome: queue.Failed}},
		{"permanent, never", Facts{Result: Result{Kind: Permanent}, Notify: smtp.NotifyNever}, Verdict{Outcome: queue.Failed}},
		{"permanent, delay only", Facts{Result: Result{Kind: Permanent}, Notify: smtp.NotifyDelay}, Verdict{Outcome: queue.Failed}},
		{"permanent, failure", Facts{Result: Result{Kind: Permanent}, Notify: smtp.NotifyFailure}, Verdict{Outcome: queue.Failed, Tell: dsn.Failed}},
		{"first", Facts{Attempts: 1, Now: noon}, Verdict{Outcome: queue.Deferred, Due: after(time.Minute)}},
		{"third", Facts{Attempts: 3, Now: noon}, Verdict{Outcome: queue.Deferred, Due: after(15 * time.Minute)}},
		{"hundredth", Facts{Attempts: 100, Now: noon}, Verdict{Outcome: queue.Deferred, Due: after(4 * time.Hour)}},
		{"not yet late", Facts{Attempts: 1, Now: after(4*time.Hour - 1)}, Verdict{Outcome: queue.Deferred, Due: after(4*time.Hour + time.Minute - 1)}},
		{"late", Facts{Attempts: 1, Now: after(4 * time.Hour)}, Verdict{Outcome: queue.Deferred, Due: after(4*time.Hour + time.Minute), Tell: dsn.Delayed}},
		{"late, told", Facts{Attempts: 1, Now: after(4 * time.Hour), DelayNotified: true}, Verdict{Outcome: queue.Deferred, Due: after(4*time.Hour + time.Minute)}},
		{"late, failure only", Facts{Attempts: 1, Now: after(4 * time.Hour), Notify: smtp.NotifyFailure}, Verdict{Outcome: queue.Deferred, Due: after(4*time.Hour + time.Minute)}},
		{"last attempt", Facts{Attempts: 40, Now: after(5*day - time.Hour), DelayNotified: true}, Verdict{Outcome: queue.Deferred, Due: after(5 * day)}},
		{"relayed, next hop does not report", Facts{Result: Result{Kind: Accepted}, Notify: smtp.NotifySuccess}, Verdict{Outcome: queue.Delivered, Tell: dsn.Relayed}},
		{"relayed, next hop reports", Facts{Result: Result{Kind: Accepted, Reports: true}, Notify: smtp.NotifySuccess}, Verdict{Outcome: queue.Delivered}},
		{"relayed, null sender", Facts{Result: Result{Kind: Accepted}, Notify: smtp.NotifySuccess, NullSender: true}, Verdict{Outcome: queue.Delivered}},
		{"delivered here", Facts{Result: Result{Kind: Accepted, Final: true}, Notify: smtp.NotifySuccess}, Verdict{Outcome: queue.Delivered}},
		{"traced", Facts{Result: Result{Kind: Accepted, Reports: true}, By: smtp.By{Within: time.Hour, Mode: smtp.ByReturn, Trace: true}}, Verdict{Outcome: queue.Delivered, Tell: dsn.Relayed}},
		{"traced, never", Facts{Result: Result{Kind: Accepted}, Notify: smtp.NotifyNever, By: smtp.By{Mode: smtp.ByReturn, Trace: true}}, Verdict{Outcome: queue.Delivered}},
		{"by, in time", Facts{Attempts: 3, Now: noon, By: smtp.By{Within: time.Minute, Mode: smtp.ByReturn}}, Verdict{Outcome: queue.Deferred, Due: after(time.Minute)}},
		{"by, too late", Facts{Attempts: 3, Now: after(time.Minute), By: smtp.By{Within: time.Minute, Mode: smtp.ByReturn}}, Verdict{Outcome: queue.Failed, Tell: dsn.Failed, Expired: true}},
		{"by, notify in time", Facts{Attempts: 3, Now: noon, By: smtp.By{Within: time.Minute, Mode: smtp.ByNotify}}, Verdict{Outcome: queue.Deferred, Due: after(time.Minute)}},
		{"by, notify too late", Facts{Attempts: 1, Now: after(time.Minute), Notify: smtp.NotifyFailure, By: smtp.By{Within: time.Minute, Mode: smtp.ByNotify}}, Verdict{Outcome: queue.Deferred, Due: after(2 * time.Minute), Tell: dsn.Delayed}},
		{"not before tomorrow", Facts{Result: Result{NotBefore: after(day)}, Attempts: 1, Now: noon}, Verdict{Outcome: queue.Deferred, Due: after(day)}},
		{"expired", Facts{Attempts: 41, Now: after(5 * day)}, Verdict{Outcome: queue.Failed, Tell: dsn.Failed, Expired: true}},
	}
	for _, tt := range tests {
		tt.facts.Received, tt.facts.Expires, tt.facts.Chance = noon, after(5*day), 0.5
		if got := (Schedule{}).Judge(tt.facts); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestJitter(t *testing.T) {
	t.Parallel()
	s := Schedule{Pauses: []time.Duration{100 * time.Second}, Jitter: 0.25}
	for chance, want := range map[float64]time.Duration{0: 75 * time.Second, 0.5: 100 * time.Second, 0.75: 112500 * time.Millisecond} {
		if got := s.pause(1, chance); got != want {
			t.Errorf("chance %v: %v, want %v", chance, got, want)
		}
	}
}
