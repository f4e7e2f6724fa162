package maildrop

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Note is what POP3 knows of one message. The zero Note is that of most
// messages, and is not stored.
type Note struct {
	// Hidden says that POP3 shows the message no more.
	Hidden bool
	// Retrieved is when it was first downloaded and left, in whole seconds;
	// zero if it was not, or nobody wants to know.
	Retrieved time.Time
	// UID is the unique-id that it had elsewhere and keeps; empty for none.
	UID string
}

func (n Note) isZero() bool { return !n.Hidden && n.Retrieved.IsZero() && n.UID == "" }

// noteFormat is the first byte of a stored note. Readers refuse others.
const noteFormat = 1

const flagHidden = 1

// append encodes a note: format, flags, seconds since 1970 and unique-id.
func (n Note) append(b []byte) []byte {
	var flags byte
	if n.Hidden {
		flags |= flagHidden
	}
	var seconds uint64
	if !n.Retrieved.IsZero() {
		seconds = uint64(max(n.Retrieved.Unix(), 1))
	}
	b = append(b, noteFormat, flags)
	b = binary.AppendUvarint(b, seconds)
	return append(b, n.UID...)
}

func parseNote(b []byte) (Note, error) {
	if len(b) < 3 || b[0] != noteFormat || b[1]&^flagHidden != 0 {
		return Note{}, fmt.Errorf("maildrop: note: %w", storage.ErrCorrupt)
	}
	seconds, n := binary.Uvarint(b[2:])
	if n <= 0 || seconds > 1<<40 {
		return Note{}, fmt.Errorf("maildrop: note: %w", storage.ErrCorrupt)
	}
	note := Note{Hidden: b[1]&flagHidden != 0, UID: string(b[2+n:])}
	if seconds > 0 {
		note.Retrieved = time.Unix(int64(seconds), 0).UTC()
	}
	return note, nil
}

// Notes are the notes of an account at one moment. The zero value has none.
type Notes struct {
	list []noted // by rising id
}

type noted struct {
	id   MessageID
	note Note
}

// Len returns how many messages have a note.
func (n *Notes) Len() int { return len(n.list) }

// Of returns the note of a message.
func (n *Notes) Of(id MessageID) Note {
	i, found := slices.BinarySearchFunc(n.list, id, func(x noted, id MessageID) int { return cmp.Compare(x.id, id) })
	if !found {
		return Note{}
	}
	return n.list[i].note
}

// All yields the messages that have a note, by rising id.
func (n *Notes) All(yield func(MessageID, Note) bool) {
	for _, x := range n.list {
		if !yield(x.id, x.note) {
			return
		}
	}
}
