package pop3session

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
		want  answer
	}{
		{0, "enter", welcome},
		{1, "enter", inUse},
		{2, "leave", 0},
		{delay - 1, "enter", tooEarly},
		{delay, "enter", welcome},
		{delay, "give up", 0},
		{delay, "enter", welcome},
		{delay, "leave", 0},
		{2*delay - 1, "enter", tooEarly},
		{2 * delay, "enter", welcome},
	} {
		var got answer
		switch step.do {
		case "enter":
			got = g.enter(1, noon.Add(step.after), delay)
		case "leave":
			g.leave(1)
		case "give up":
			g.giveUp(1)
		}
		if got != step.want {
			t.Errorf("step %d: %s gives %d, want %d", i, step.do, got, step.want)
		}
	}
	if g.enter(2, noon, 0) != welcome || len(g.last) != 1 {
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

func TestTranslations(t *testing.T) {
	t.Parallel()
	for _, text := range []string{textInUse, textTooEarly, textGone, textFull, textNoAccount, textNoMailbox, textDamaged, textNeedsUTF8} {
		if Translations()["de"][text] == "" {
			t.Errorf("no German for %q", text)
		}
	}
}
