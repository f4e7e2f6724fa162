package retrieval

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// An OldUID is the unique-id that a message had on another server.
type OldUID struct {
	MessageID string // of the Message-ID field, with or without < >
	UID       string
}

// A Refusal is an OldUID that was not taken.
type Refusal struct {
	OldUID
	Reason string
}

// Imported is what became of OldUIDs.
type Imported struct {
	Taken     int // given to a message now
	Known     int // that the message had already
	Unmatched int // for which there is no message
	Refused   []Refusal
}

// ImportUIDs gives the messages of an account's maildrop the unique-ids that
// they had elsewhere, so that clients do not download them again. Messages are
// found by their Message-ID; of several with the same one, the first gets the
// first unique-id. Once a message has one, it keeps it for ever. It is durable
// on return.
func (s *Service) ImportUIDs(ctx context.Context, id directory.AccountID, list []OldUID) (Imported, error) {
	policy, err := s.Policy(ctx, id)
	if err != nil {
		return Imported{}, err
	}
	d, err := s.look(ctx, id, policy)
	if err != nil {
		return Imported{}, err
	}
	messages, err := d.byMessageID(ctx, list)
	if err != nil {
		return Imported{}, err
	}
	i := newImporter(d, messages)
	for _, old := range list {
		i.add(old)
	}
	i.checkNatives()
	return i.result, i.commit(ctx)
}

// byMessageID finds the messages with the Message-IDs of a list.
func (d *Drop) byMessageID(ctx context.Context, list []OldUID) (map[string][]maildrop.MessageID, error) {
	wanted := make(map[string]bool, len(list))
	for _, old := range list {
		wanted[bareID(old.MessageID)] = true
	}
	found := make(map[string][]maildrop.MessageID)
	reader := d.Account.Reader()
	defer reader.Release()
	for n := 1; n <= d.Len(); n++ {
		e := d.Entry(n)
		m, err := reader.Message(ctx, e)
		if errors.Is(err, mailstore.ErrNoMessage) {
			continue // expunged meanwhile
		}
		if err != nil {
			return nil, err
		}
		envelope, err := m.Envelope()
		if err != nil {
			return nil, err
		}
		if id := bareID(envelope.MessageID); id != "" && wanted[id] {
			found[id] = append(found[id], maildrop.MessageID(e.Instance()))
		}
	}
	return found, nil
}

func bareID(messageID string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(messageID), "<"), ">")
}

// An importer collects the unique-ids that will be written.
type importer struct {
	drop     *Drop
	messages map[string][]maildrop.MessageID // not matched yet
	owners   map[string]maildrop.MessageID   // of unique-ids, stored or new
	new      map[maildrop.MessageID]OldUID
	result   Imported
}

func newImporter(d *Drop, messages map[string][]maildrop.MessageID) *importer {
	i := &importer{
		drop: d, messages: messages,
		owners: make(map[string]maildrop.MessageID), new: make(map[maildrop.MessageID]OldUID),
	}
	for id, note := range d.notes.All {
		if note.UID != "" {
			i.owners[note.UID] = id
		}
	}
	return i
}

func (i *importer) refuse(old OldUID, reason string) {
	i.result.Refused = append(i.result.Refused, Refusal{old, reason})
}

// add decides about one unique-id.
func (i *importer) add(old OldUID) {
	if !validUID(old.UID) {
		i.refuse(old, "not a unique-id of 1 to 70 printable ASCII characters without space")
		return
	}
	key := bareID(old.MessageID)
	waiting := i.messages[key]
	if len(waiting) == 0 {
		i.result.Unmatched++
		return
	}
	id := waiting[0]
	i.messages[key] = waiting[1:]
	owner, taken := i.owners[old.UID]
	stored := i.drop.notes.Of(id).UID
	switch {
	case stored == old.UID:
		i.result.Known++
	case stored != "":
		i.refuse(old, "the message has the unique-id "+stored)
	case taken && owner != id:
		i.refuse(old, "another message has this unique-id")
	default:
		i.owners[old.UID] = id
		i.new[id] = old
	}
}

// checkNatives drops what other messages show as their own unique-id, since
// clients may know it from there. A message whose new one is dropped keeps its
// own, so that others may have to be dropped in turn.
func (i *importer) checkNatives() {
	for dropped := true; dropped; {
		dropped = false
		natives := i.natives()
		for id, old := range i.new {
			if native, ok := nativeID(old.UID); ok && natives[native] && maildrop.MessageID(native) != id {
				delete(i.new, id)
				i.refuse(old, "another message has this unique-id")
				dropped = true
			}
		}
	}
	i.result.Taken = len(i.new)
}

// natives returns the messages that show their own id as unique-id.
func (i *importer) natives() map[mailstore.InstanceID]bool {
	natives := make(map[mailstore.InstanceID]bool)
	for n := 1; n <= i.drop.Len(); n++ {
		e := i.drop.Entry(n)
		_, renamed := i.new[maildrop.MessageID(e.Instance())]
		if !renamed && i.drop.noteOf(e).UID == "" && !i.drop.taken[e.Instance()] {
			natives[e.Instance()] = true
		}
	}
	return natives
}

func (i *importer) commit(ctx context.Context) error {
	ids := make([]maildrop.MessageID, 0, len(i.new))
	for id := range i.new {
		ids = append(ids, id)
	}
	account := maildrop.AccountID(i.drop.Account.ID())
	return i.drop.service.Notes.Change(ctx, account, ids, func(id maildrop.MessageID, n *maildrop.Note) {
		if n.UID == "" {
			n.UID = i.new[id].UID
		}
	})
}
