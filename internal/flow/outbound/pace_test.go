package outbound

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/dsn"

	"github.com/mailstead/mailstead/internal/model/queue"
)

var (
	gone     = Result{Kind: Accepted, Remote: "mx.test", Text: "250 ok"}
	grey     = Result{Remote: "mx.test", Command: "RCPT", Text: "450 4.7.1 greylisted", Code: dsn.Code{Class: 4, Subject: 7, Detail: 1}}
	slowDown = Result{Remote: "mx.test", Command: "end of data", Text: "421 4.7.0 too fast"}
	nobody   = Result{Unreached: true, Text: "The host mx.test could not be reached.", Code: codeUnreachable}
)

func TestSignals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		results []Result
		want    signal
	}{
		"accepted":                   {[]Result{grey, gone, nobody}, welcome},
		"refused for good":           {[]Result{noSuchUser}, welcome},
		"no such domain":             {[]Result{failure(Permanent, codeNoDomain, "", nil)}, silence},
		"put off":                    {[]Result{grey}, busy},
		"refused at MAIL":            {[]Result{{Remote: "mx.test", Command: "MAIL", Text: "451 no"}}, overrun},
		"said goodbye":               {[]Result{slowDown}, overrun},
		"broke":                      {[]Result{failure(Temporary, codeBroken, "", nil)}, overrun},
		"nobody there":               {[]Result{nobody}, outOfReach},
		"our own fault":              {[]Result{failure(Temporary, codeSystem, "", nil)}, silence},
		"greeting that says no":      {[]Result{{Unreached: true, Command: "connect", Remote: "mx.test", Text: "421 no"}}, outOfReach},
		"one put off, one not found": {[]Result{grey, nobody}, outOfReach},
	} {
		if got := signalOf(tt.results); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestPaceGrowsAndShrinks(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	p := newPace(10)
	hear := func(r Result, began time.Time) { p.hear(signalOf([]Result{r}), []Result{r}, began, now, 10) }
	for range 20 {
		hear(gone, now)
	}
	if p.window != 10 || !p.ready(9, now) || p.ready(10, now) {
		t.Fatalf("after success: %+v", p)
	}
	// What was under way together counts once.
	began := now
	now = now.Add(time.Second)
	for range 5 {
		hear(grey, began)
	}
	if p.window != 5 || p.gap != 0 {
		t.Errorf("after being put off: %+v", p)
	}
	hear(gone, now)
	if p.window < 5.1 || p.window > 5.3 {
		t.Errorf("grows too fast after it was too much: %v", p.window)
	}
	for range 10 {
		now = now.Add(time.Second)
		hear(slowDown, now.Add(-time.Millisecond))
	}
	if p.window != 1 || p.gap != longestGap {
		t.Errorf("after many complaints: %+v", p)
	}
	p.started(now, 0)
	if p.ready(0, now.Add(59*time.Second)) || !p.ready(0, now.Add(time.Minute)) {
		t.Errorf("the gap is not kept")
	}
	for range 10 {
		hear(gone, now)
	}
	if p.gap != 0 {
		t.Errorf("gap after success: %v", p.gap)
	}
}

func TestPaceDown(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	p := newPace(10)
	fail := func(began time.Time) { p.hear(outOfReach, []Result{nobody}, began, now, 10) }
	for range 5 {
		fail(now.Add(-time.Second)) // together
	}
	reason, down := p.isDown(now)
	if !down || reason.Text != nobody.Text || !reason.Suspended || p.failures != 1 || p.ready(0, now) {
		t.Fatalf("%v %+v, %+v", down, reason, p)
	}
	for range 20 {
		now = p.down
		if _, down := p.isDown(now); down || !p.ready(0, now) || p.ready(1, now) {
			t.Fatalf("not one try after the pause: %+v", p)
		}
		fail(now.Add(-time.Millisecond).Add(time.Millisecond * 2))
		now = now.Add(time.Second)
		fail(now.Add(-time.Millisecond))
	}
	if d := p.down.Sub(now); d > longestDown+longestDown/10 || d < longestDown-longestDown/10 {
		t.Errorf("down for %v", d)
	}
	if back := p.hear(welcome, []Result{gone}, now, now, 10); !back || p.failures != 0 || !p.ready(0, now) {
		t.Errorf("not back: %+v", p)
	}
	// Nobody there, but others have got through since: only too much.
	now = now.Add(time.Second)
	fail(now.Add(-time.Hour))
	if _, down := p.isDown(now); down {
		t.Error("down while others get through")
	}
}

// TestTenThousandToADeadDestination counts connections (and what the senders
// hear) when nobody is at home for a day.
func TestTenThousandToADeadDestination(t *testing.T) {
	whole(t, func(t *testing.T, h *house, w *world, start func() func()) {
		w.remove("a.test")
		for range 2000 {
			h.send("", "x@two.test", "y@two.test", "z@two.test", "w@two.test", "v@two.test")
		}
		stop := start()
		time.Sleep(time.Hour)
		hour := len(strings.Fields(w.tried()))
		stop()
		if c, err := h.queue.Count(1); err != nil || c.Waiting != 10_000 || hour > 30 || hour < 12 {
			t.Errorf("%+v, %v, %d connections in an hour", c, err, hour)
		}
	})
}

// TestTryAll: who knows that a host is back need not wait for the pause that it
// has earned.
func TestTryAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		tr := w.transport(SMTPOptions{})
		a := w.host("a.test")
		w.remove("a.test")
		h.send("alice@example.test", "x@two.test")
		r, stop := h.run(Options{Transport: tr})
		time.Sleep(time.Second)
		w.mu.Lock()
		w.hosts["192.0.2.1:25"] = a
		w.mu.Unlock()
		retry := func() {
			if _, err := h.queue.RetryNow(queue.Filter{}, time.Now()); err != nil {
				t.Error(err)
			}
			r.Notify()
			time.Sleep(time.Second)
		}
		retry()
		if n := len(a.received()); n != 0 {
			t.Errorf("%d delivered to a host that is left alone", n)
		}
		tr.Forget()
		r.TryAll()
		retry()
		if n := len(a.received()); n != 1 {
			t.Errorf("%d delivered", n)
		}
		stop()
		tr.Close()
		w.serving.Wait()
	})
}
