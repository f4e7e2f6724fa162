package imapwire

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
)

// TestDateTime compares with what the layout makes of the same times.
func TestDateTime(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		zone := time.FixedZone("", 60*(rng.IntN(2*24*60)-24*60))
		at := time.Unix(rng.Int64N(300e9)-60e9, 0).In(zone)
		if got, want := string(appendDateTime(nil, at)), at.Format(imap.DateTimeLayout); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func BenchmarkDateTime(b *testing.B) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.FixedZone("", 2*3600))
	var buf [32]byte
	b.ReportAllocs()
	for b.Loop() {
		appendDateTime(buf[:0], at)
	}
}
