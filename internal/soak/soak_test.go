package soak_test

import (
	"testing"

	"github.com/mailstead/mailstead/internal/soak"
)

func TestTimes(t *testing.T) {
	t.Setenv("MAILSTEAD_SOAK", "")
	if got := soak.Times(2, 9); got != 2 {
		t.Errorf("the short form runs %d times, want 2", got)
	}
	t.Setenv("MAILSTEAD_SOAK", "1")
	if got := soak.Times(2, 9); got != 9 {
		t.Errorf("the long form runs %d times, want 9", got)
	}
}
