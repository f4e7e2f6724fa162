package retrieval

import (
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
)

func TestGate(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	const delay = time.Minute
	g := newGate()
	for i, step := range []struct {
		after time.Duration
		do    string
		want  error
	}{
		{0, "enter", nil},
		{1, "enter", ErrInUse},
		{2, "leave", nil},
		{delay - 1, "enter", ErrTooEarly},
		{delay, "enter", nil},
		{delay, "give up", nil},
		{delay, "enter", nil},
		{delay, "leave", nil},
		{2*delay - 1, "enter", ErrTooEarly},
		{2 * delay, "enter", nil},
	} {
		var got error
		switch step.do {
		case "enter":
			got = g.enter(1, noon.Add(step.after), delay)
		case "leave":
			g.leave(1)
		case "give up":
			g.giveUp(1)
		}
		if got != step.want {
			t.Errorf("step %d: %s gives %v, want %v", i, step.do, got, step.want)
		}
	}
	if g.enter(2, noon, 0) != nil || len(g.last) != 1 {
		t.Errorf("an account without a delay is remembered: %v", g.last)
	}
}

// TestGateForgets wants the memory of logins bounded by those that still matter.
func TestGateForgets(t *testing.T) {
	t.Parallel()
	g := newGate()
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for id := range directory.AccountID(20 * sweepFrom) {
		g.enter(id, now, time.Second)
		g.leave(id)
		now = now.Add(time.Millisecond)
	}
	if n := len(g.last); n > 2*sweepFrom+1000 {
		t.Errorf("%d logins are remembered", n)
	}
}
