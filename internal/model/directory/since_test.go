package directory

import (
	"context"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// TestSince follows an address from one owner to the next.
func TestSince(t *testing.T) {
	t.Parallel()
	now := noon
	o := testOptions()
	o.Now = func() time.Time { return now }
	d, err := Open(memstore.New(), o)
	must(t, err)
	ctx := context.Background()
	must(t, d.AddDomain(ctx, domain("example.test")))
	first := addAccount(t, d, "first@example.test").ID
	now = now.Add(time.Hour)
	second := addAccount(t, d, "second@example.test").ID
	must(t, d.AddAddress(ctx, first, addr("info@example.test")))
	check := func(name string, id AccountID, since time.Time) {
		t.Helper()
		got := resolve(t, d, addr(name)).Local[0]
		if got.Account != id || !got.Since.Equal(since) {
			t.Errorf("%s: account %d since %v, want %d since %v", name, got.Account, got.Since, id, since)
		}
	}
	check("first+x@example.test", first, noon)
	check("info@example.test", first, now)
	now = now.Add(time.Hour)
	must(t, d.RemoveAddress(ctx, first, addr("info@example.test")))
	must(t, d.AddAddress(ctx, second, addr("info@example.test")))
	check("info@example.test", second, now)
	check("second@example.test", second, noon.Add(time.Hour))
}
