package server

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/internal/platform/obs"
)

// countEvery is how often the queue is counted for metrics: that reads the keys
// of all its rows.
const countEvery = time.Minute

// watchQueue keeps metrics of what is in the queue until ctx is done.
func (s *Server) watchQueue(r *obs.Registry) func(context.Context) {
	sub := r.Subsystem("queue")
	messages := sub.Gauge("messages", "Messages in the queue, counted every minute.")
	waiting := sub.Gauge("waiting", "Recipients that wait for their time, counted every minute.")
	leased := sub.Gauge("leased", "Recipients to whom delivery is under way, counted every minute.")
	count := func() {
		c, err := s.queue.Count(0)
		if err != nil {
			s.log.Error("the queue was not counted", "err", err)
			return
		}
		messages.Set(float64(c.Messages))
		waiting.Set(float64(c.Waiting))
		leased.Set(float64(c.Leased))
	}
	return func(ctx context.Context) {
		tick := time.NewTicker(countEvery)
		defer tick.Stop()
		for {
			count()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}
