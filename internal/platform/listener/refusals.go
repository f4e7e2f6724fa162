package listener

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery is how often at most the log tells of refused connections: a
// flood of them must not become one of lines.
const complainEvery = time.Second

// refusals tell the log of connections that were refused.
type refusals struct {
	mu    sync.Mutex
	last  time.Time
	since int // refused without a line
}

// tell logs a refusal, or counts it for the next line.
func (r *refusals) tell(logger *slog.Logger, args ...any) {
	r.mu.Lock()
	now := time.Now()
	if now.Sub(r.last) < complainEvery {
		r.since++
		r.mu.Unlock()
		return
	}
	before := r.since
	r.last, r.since = now, 0
	r.mu.Unlock()
	logger.Warn("connection refused", append(args, "others", before)...)
}
