package journal

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Journey is what happened to one message, the first event first.
type Journey []Event

// Limits of an answer.
const (
	maxEvents = 2000 // read for one question
	maxRounds = 4    // from one message's names to the next
)

// Find returns the journeys of the messages that a name belongs to: a
// Message-ID, a transaction, a queue id or an address, in any case, with or
// without angle brackets. Of an address the newest messages are found, no more
// than limit. The journey that began first comes first.
func (j *Journal) Find(name string, limit int) ([]Journey, error) {
	name = canonical(name)
	if name == "" || limit < 1 {
		return nil, nil
	}
	j.Flush()
	snapshot := j.options.Store.Snapshot()
	defer snapshot.Close()
	f := &finder{reader: snapshot, first: dayOf(j.options.Now().Add(-j.options.Keep)), last: dayOf(j.options.Now().Add(24 * time.Hour)), found: make(map[place]Event)}
	if err := f.look(name, limit); err != nil {
		return nil, err
	}
	if err := f.widen(); err != nil {
		return nil, err
	}
	return f.journeys(), nil
}

// A place is where an event is kept.
type place struct {
	segment stamp
	address
}

// A finder collects events.
type finder struct {
	reader      storage.Reader
	first, last uint32 // days
	found       map[place]Event
	// open is the page that was read last, and events what is in it.
	open   place
	events []byte
}

// look adds the newest events of a name, no more than limit of them.
func (f *finder) look(name string, limit int) error {
	h := hashOf(name)
	for day := f.last; day >= f.first && limit > 0 && len(f.found) < maxEvents; day-- {
		err := f.reader.Scan(newest(h, day), func(k, names []byte) (err error) {
			s, ok := stampOf(k)
			if !ok {
				return nil
			}
			entries(names, h, func(at address) bool {
				var known bool
				if known, err = f.read(place{s, at}, name); known {
					limit--
				}
				return err == nil && limit > 0
			})
			if err == nil && (limit == 0 || len(f.found) >= maxEvents) {
				err = storage.ErrStop
			}
			return err
		})
		if err != nil || day == 0 {
			return err
		}
	}
	return nil
}

// read adds an event. It reports false if the event is gone, or does not have
// the name: two names may share a hash.
func (f *finder) read(p place, name string) (bool, error) {
	if _, ok := f.found[p]; ok {
		return true, nil
	}
	if page := (place{p.segment, address{page: p.page}}); f.open != page {
		events, err := readPage(f.reader, p.segment, p.page)
		if errors.Is(err, storage.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		f.open, f.events = page, events
	}
	e, err := eventAt(f.events, p.event)
	if err != nil || !slices.Contains(e.names(nil), name) {
		return false, err
	}
	f.found[p] = e
	return true, nil
}

// widen follows the names of the messages that have been found to all their
// events: from a transaction to the queue, from there to attempts.
func (f *finder) widen() error {
	seen := make(map[string]bool)
	for range maxRounds {
		var fresh []string
		for _, e := range f.found {
			for _, id := range e.ids(nil) {
				if !seen[id] {
					seen[id] = true
					fresh = append(fresh, id)
				}
			}
		}
		for _, id := range fresh {
			if err := f.look(id, maxEvents); err != nil {
				return err
			}
		}
		if len(fresh) == 0 {
			break
		}
	}
	return nil
}

// journeys puts events that share an id together.
func (f *finder) journeys() []Journey {
	places := slices.SortedFunc(maps.Keys(f.found), func(p, q place) int {
		return cmp.Or(f.found[p].Time.Compare(f.found[q].Time), p.segment.compare(q.segment), cmp.Compare(p.page, q.page), cmp.Compare(p.event, q.event))
	})
	var all []Journey
	group := make(map[string]int) // id to index
	for _, p := range places {
		e := f.found[p]
		at := -1
		for _, id := range e.ids(nil) {
			if i, ok := group[id]; ok {
				at = i
				break
			}
		}
		if at < 0 {
			at = len(all)
			all = append(all, nil)
		}
		all[at] = append(all[at], e)
		for _, id := range e.ids(nil) {
			if _, ok := group[id]; !ok {
				group[id] = at
			}
		}
	}
	return all
}
