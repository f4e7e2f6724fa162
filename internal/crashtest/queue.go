package crashtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
)

// watchQueue looks which letters the queue still has, and at times has it try
// them all at once.
func (c *client) watchQueue() error {
	sent := c.Ledger.beyond()
	queued, err := c.Target.queued(c.ctx)
	if err != nil {
		return err
	}
	c.Ledger.recorded(sent, queued)
	if c.random.IntN(4) == 0 {
		if _, err := c.Target.Admin.RetryQueued(c.ctx, admin.QueueFilter{Domain: HopDomain}); err != nil {
			return fmt.Errorf("%w: %w", errRetry, err)
		}
	}
	select { // so that the queue has its turn
	case <-c.ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
	return nil
}

// errRetry is a failure to have the queue try all.
var errRetry = errors.New("trying what is queued")

// queued returns the tokens of the letters in the queue.
func (t *Target) queued(ctx context.Context) (map[string]bool, error) {
	tokens := make(map[string]bool)
	err := t.Admin.Queue(ctx, admin.QueueFilter{Domain: HopDomain}, func(m admin.QueuedMessage) error {
		for _, to := range m.Recipients {
			token, _, _ := strings.Cut(to.Address, "@")
			tokens[token] = true
		}
		return nil
	})
	return tokens, err
}

// Arrive waits until the queue has nothing more for the next hop, and wants
// everything to have arrived there that was submitted.
func (l *Ledger) Arrive(ctx context.Context, t Target) error {
	for {
		if _, err := t.Admin.RetryQueued(ctx, admin.QueueFilter{Domain: HopDomain}); err != nil {
			return err
		}
		queued, err := t.queued(ctx)
		if err != nil {
			return err
		}
		if len(queued) == 0 {
			return l.wantArrived()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the queue still has %d: %w", len(queued), ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (l *Ledger) wantArrived() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.inBox(l.away) {
		if l.journeys[c.letter.Token] == nil {
			return fmt.Errorf("%s has never arrived", c.letter.Token)
		}
	}
	return nil
}
