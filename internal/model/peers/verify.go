package peers

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Verify reads all policies and sessions, and says what cannot be read.
func Verify(ctx context.Context, r storage.Reader, found func(damage.Finding)) error {
	bad := 0
	err := r.Scan(storage.Range{Start: []byte{spacePolicy}, End: []byte{spaceSessions + 1}}, func(key, value []byte) error {
		var what any = new(Policy)
		if key[0] == spaceSessions {
			what = new(Sessions)
		}
		if json.Unmarshal(value, what) != nil {
			bad++
		}
		return ctx.Err()
	})
	if bad > 0 {
		found(damage.Finding{Severity: damage.Lost, What: fmt.Sprintf("%d rows about other servers cannot be read", bad), Do: "nothing: policies are fetched again, and a day's TLS report may lack them"})
	}
	return err
}
