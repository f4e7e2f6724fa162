package maildrop

import (
	"context"
	"encoding/binary"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Verify reads all notes and says which cannot be read.
func Verify(ctx context.Context, r storage.Reader, found func(damage.Finding)) error {
	return r.Scan(storage.Range{Start: []byte{spaceNotes}, End: []byte{spaceNotes + 1}}, func(key, value []byte) error {
		if len(key) != 17 {
			found(damage.Finding{Severity: damage.Wrong, What: "a key of POP3's notes makes no sense", Do: "nothing need be done"})
			return nil
		}
		if _, err := parseNote(value); err != nil {
			found(damage.Finding{
				Severity: damage.Lost, Account: binary.BigEndian.Uint64(key[1:]),
				What: "a note of what POP3 clients have downloaded cannot be read", Do: "POP3 clients of the account may be refused: stop the server and let `mailstead repair` remove it",
			})
		}
		return ctx.Err()
	})
}
