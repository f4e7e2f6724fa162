package queue

import (
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Filter chooses recipients. Zero fields choose all.
type Filter struct {
	ID          ID
	Sender      address.Address
	Account     address.Address // that submitted the message
	Recipient   address.Address
	Destination address.Domain
	State       State
	// Before and After bound when the message was received.
	Before, After time.Time

	held *bool // not so yet
}

// matches reports whether the filter chooses a recipient, as far as that can
// be told without the message.
func (f *Filter) matches(r *Recipient) bool {
	switch {
	case !f.Recipient.IsZero() && r.Address.Canonical() != f.Recipient.Canonical(),
		!f.Destination.IsZero() && r.Destination != f.Destination,
		f.State != "" && r.State() != f.State,
		f.held != nil && r.Held == *f.held:
		return false
	}
	return true
}

// needsMessage reports whether the filter looks at the message too.
func (f *Filter) needsMessage() bool {
	return !f.Sender.IsZero() || !f.Account.IsZero() || !f.Before.IsZero() || !f.After.IsZero()
}

func (f *Filter) matchesMessage(m *Message) bool {
	switch {
	case !f.Sender.IsZero() && m.Sender.Address.Canonical() != f.Sender.Canonical(),
		!f.Account.IsZero() && m.Account.Canonical() != f.Account.Canonical(),
		!f.Before.IsZero() && !m.Received.Before(f.Before),
		!f.After.IsZero() && !m.Received.After(f.After):
		return false
	}
	return true
}

// space returns the range of the recipients that the filter can choose.
func (f *Filter) space() storage.Range {
	if f.ID != 0 {
		return recipientsOf(f.ID)
	}
	return prefixed([]byte{spaceRecipient})
}

// listChunk is how many recipients List reads from one snapshot: a listing may
// take as long as its reader, and a snapshot must not.
const listChunk = 1000

// List calls fn for each recipient that the filter chooses, in the order in
// which the messages came. What changes meanwhile may be seen or not. An error
// of fn ends the listing and is returned, except storage.ErrStop, which only
// ends it.
func (q *Queue) List(f Filter, fn func(Message, Recipient) error) error {
	space := f.space()
	for {
		found, last, err := q.page(f, space)
		if err != nil {
			return err
		}
		for _, one := range found {
			if err := fn(one.Message, one.Recipient); err == storage.ErrStop {
				return nil
			} else if err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		space.Start = after(last)
	}
}

// A listed is one entry of a listing.
type listed struct {
	Message
	Recipient
}

// page reads the next recipients of a listing, and the key of the last that it
// looked at if there are more.
func (q *Queue) page(f Filter, space storage.Range) (found []listed, last []byte, err error) {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	s := selection{filter: f, reader: snapshot}
	n := 0
	err = snapshot.Scan(space, func(key, value []byte) error {
		r, ok, err := s.choose(key, value)
		if err == nil && ok {
			if err = s.load(s.id); err == nil {
				found = append(found, listed{s.message, r})
			}
		}
		if n++; err == nil && n == listChunk {
			last = append([]byte(nil), key...)
			return storage.ErrStop
		}
		return err
	})
	return found, last, err
}

// A selection applies a filter, and remembers the message it has read last.
type selection struct {
	filter  Filter
	reader  storage.Reader
	id      ID // of the recipient that was looked at last
	message Message
}

func (s *selection) load(id ID) error {
	if s.message.ID == id {
		return nil
	}
	var err error
	s.message, err = readMessage(s.reader, id)
	return err
}

// choose decodes a recipient and applies the filter.
func (s *selection) choose(key, value []byte) (Recipient, bool, error) {
	id, index := splitIndexed(key)
	s.id = id
	r := Recipient{Index: index}
	if err := decode(value, &r); err != nil {
		return r, false, err
	}
	if !s.filter.matches(&r) {
		return r, false, nil
	}
	if !s.filter.needsMessage() {
		return r, true, nil
	}
	err := s.load(id)
	return r, err == nil && s.filter.matchesMessage(&s.message), err
}
