package outbound

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/wiretest"
)

// tally is Metrics that remember.
type tally struct {
	mu       sync.Mutex
	kinds    map[Kind]int
	outcomes map[queue.OutcomeKind]int
	most     int
	now      int
}

func (c *tally) Attempted(r Result, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[r.Kind]++
}

func (c *tally) Judged(v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[v.Outcome]++
}

func (c *tally) InFlight(parcels int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = parcels
	c.most = max(c.most, parcels)
}

// TestAttemptIsSeen looks at the log and the metrics of one message.
func TestAttemptIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		a := w.host("a.test")
		a.tls, _ = wiretest.TLS(t)
		a.reply = on("RCPT TO:<bad", "550 5.1.1 who?")
		id := h.send("alice@example.test", "good@one.test", "bad@one.test")
		var log bytes.Buffer
		counts := &tally{kinds: map[Kind]int{}, outcomes: map[queue.OutcomeKind]int{}}
		tr := w.transport(SMTPOptions{})
		_, stop := h.run(Options{Transport: tr, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Metrics: counts})
		synctest.Wait()
		stop()
		tr.Close()
		w.serving.Wait()

		if counts.kinds[Accepted] != 1 || counts.kinds[Permanent] != 1 || counts.outcomes[queue.Delivered] != 1 ||
			counts.outcomes[queue.Failed] != 1 || counts.most != 1 || counts.now != 0 {
			t.Errorf("counted %+v", counts)
		}
		lines := json.NewDecoder(&log)
		for _, want := range []map[string]any{
			{"to": "good@one.test", "result": "accepted", "reply": "250 2.0.0 taken", "code": "2.0.0"},
			{"to": "bad@one.test", "result": "permanent", "reply": "550 5.1.1 who?", "code": "5.1.1", "told": "failed"},
		} {
			for key, value := range map[string]any{"queue_id": id.String(), "host": "a.test", "address": "192.0.2.1:25", "tls": true, "attempt": 1.0} {
				want[key] = value
			}
			var got map[string]any
			if err := lines.Decode(&got); err != nil {
				t.Fatal(err)
			}
			for key, value := range want {
				if got[key] != value {
					t.Errorf("%s is %v, want %v", key, got[key], value)
				}
			}
		}
	})
}
