package server

import (
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestNoDelayNotice takes a delay-notice of 0 at its word: never.
func TestNoDelayNotice(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	late := outbound.Facts{
		Result: outbound.Result{Kind: outbound.Temporary}, Attempts: 9,
		Received: received, Now: received.Add(4 * 24 * time.Hour), Expires: received.Add(5 * 24 * time.Hour),
	}
	o := config.Default().Outbound
	if v := schedule(&o).Judge(late); v.Tell == "" {
		t.Error("by default the sender is not told of a delay of four days")
	}
	o.DelayNotice.Duration = 0
	if v := schedule(&o).Judge(late); v.Tell != "" {
		t.Errorf("with delay-notice 0 the sender is told %q", v.Tell)
	}
}
