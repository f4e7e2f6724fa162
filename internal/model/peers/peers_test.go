package peers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/tlspolicy"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	return New(store)
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestPolicies(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if p, err := s.Policy("one.test"); p != nil || err != nil {
		t.Fatal(p, err)
	}
	want := &Policy{ID: "1", Fetched: noon, Policy: tlspolicy.Policy{Mode: tlspolicy.Enforce, MaxAge: time.Hour, MX: []string{"*.one.test"}}}
	for _, domain := range []string{"one.test", "two.test"} {
		if err := s.SetPolicy(domain, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Policy("one.test")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	longer := *want
	longer.Policy.MaxAge = 2 * time.Hour
	if err := s.SetPolicy("two.test", &longer); err != nil {
		t.Fatal(err)
	}
	if err := s.ExpirePolicies(noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for domain, kept := range map[string]bool{"one.test": false, "two.test": true} {
		if p, err := s.Policy(domain); (p != nil) != kept || err != nil {
			t.Errorf("%s: %v, %v", domain, p, err)
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	sts := tlspolicy.AppliedPolicy{Type: tlspolicy.PolicySTS, Domain: "one.test", String: []string{"version: STSv1"}}
	none := tlspolicy.AppliedPolicy{Type: tlspolicy.PolicyNone, Domain: "one.test"}
	expired := tlspolicy.FailureDetail{Type: tlspolicy.CertificateExpired, ReceivingHostname: "mx.one.test", Sessions: 1}
	plain := tlspolicy.FailureDetail{Type: tlspolicy.STARTTLSNotSupported, ReceivingHostname: "mx.one.test", Sessions: 2}
	day := DayOf(noon)
	for range 2 {
		fresh := new(Sessions)
		fresh.Add(sts, 3)
		fresh.Add(sts, 0, expired)
		fresh.Add(sts, 0, expired, plain)
		fresh.Add(none, 1)
		if err := s.AddSessions(day, map[string]*Sessions{"one.test": fresh}); err != nil {
			t.Fatal(err)
		}
	}
	expired.Sessions, plain.Sessions = 4, 4
	want := &Sessions{Policies: []tlspolicy.PolicyReport{
		{Policy: sts, Summary: tlspolicy.Summary{Successful: 6, Failed: 8}, Failures: []tlspolicy.FailureDetail{expired, plain}},
		{Policy: none, Summary: tlspolicy.Summary{Successful: 2}},
	}}
	each := func(before Day) (n int) {
		t.Helper()
		err := s.EachSessions(before, func(d Day, domain string, got *Sessions) error {
			n++
			if diff := cmp.Diff(want, got); diff != "" || d != day || domain != "one.test" {
				t.Errorf("day %d of %s:\n%s", d, domain, diff)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if each(day) != 0 || each(day+1) != 1 {
		t.Error("the day has not ended, and then it has")
	}
	if err := s.DropSessions(day, "one.test"); err != nil {
		t.Fatal(err)
	}
	if each(day+1) != 0 {
		t.Error("dropped sessions are still there")
	}
}

func TestDay(t *testing.T) {
	t.Parallel()
	d := DayOf(noon)
	if d.Start() != noon.Add(-12*time.Hour) || d.End() != noon.Add(12*time.Hour-time.Second) {
		t.Errorf("from %v to %v", d.Start(), d.End())
	}
}

func TestDetailsAreBounded(t *testing.T) {
	t.Parallel()
	s := new(Sessions)
	for i := range int64(2 * maxDetails) {
		s.Add(tlspolicy.AppliedPolicy{Domain: "one.test"}, 0, tlspolicy.FailureDetail{ReceivingIP: string(rune('a' + i)), Sessions: 1})
	}
	if p := s.Policies[0]; len(p.Failures) != maxDetails || p.Summary.Failed != 2*maxDetails {
		t.Errorf("%d details, %d failures", len(p.Failures), p.Summary.Failed)
	}
}
