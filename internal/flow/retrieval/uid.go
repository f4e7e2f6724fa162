package retrieval

import (
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// longForm stands before the instance id of a message whose plain unique-id
// belongs to another. It must not stand in an imported one.
const longForm = "mailstead-"

// appendNative appends the unique-id of a message that has none from elsewhere.
func appendNative(dst []byte, id mailstore.InstanceID, taken map[mailstore.InstanceID]bool) []byte {
	if taken[id] {
		dst = append(dst, longForm...)
	}
	return strconv.AppendUint(dst, uint64(id), 36)
}

// nativeID returns the instance that would have a unique-id if it was not
// imported, and false if there cannot be one.
func nativeID(uid string) (mailstore.InstanceID, bool) {
	n, err := strconv.ParseUint(uid, 36, 64)
	id := mailstore.InstanceID(n)
	return id, err == nil && id.String() == uid
}

// takenNatives returns the instances whose plain unique-id was imported for
// some message, be that gone or not.
func takenNatives(notes *maildrop.Notes) map[mailstore.InstanceID]bool {
	var taken map[mailstore.InstanceID]bool
	for owner, note := range notes.All {
		id, ok := nativeID(note.UID)
		if !ok || maildrop.MessageID(id) == owner {
			continue
		}
		if taken == nil {
			taken = make(map[mailstore.InstanceID]bool)
		}
		taken[id] = true
	}
	return taken
}

// validUID checks the form that RFC 1939 §7 wants.
func validUID(uid string) bool {
	if len(uid) < 1 || len(uid) > maildrop.MaxUID || strings.HasPrefix(uid, longForm) {
		return false
	}
	return !strings.ContainsFunc(uid, func(r rune) bool { return r < 0x21 || r > 0x7e })
}
