package imapsession

import (
	"context"
	"errors"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// A newItems is what is fetched of some new messages.
type newItems struct {
	uids  imap.UIDSet
	items *imap.FetchOptions
}

// tellNew fetches of new messages what the client has asked for, by NOTIFY
// (RFC 5465 §5.2) or in a search that is observed (§7), in one response for
// each message. It comes after EXISTS and before the ESEARCH responses. Of
// messages that the client has made itself nothing is told.
func (s *session) tellNew(ctx context.Context, w *imapserver.UpdateWriter, added imap.UIDSet, items *imap.FetchOptions, changes []contextChange) error {
	var asked []newItems
	if items != nil {
		asked = append(asked, newItems{added, items})
	}
	for _, c := range changes {
		if c.New != nil {
			asked = append(asked, newItems{c.added.Intersect(added), c.New})
		}
	}
	if len(asked) == 0 || len(added) == 0 {
		return nil
	}
	for _, one := range combine(asked, s.madeByOthers(added)) {
		f := s.newFetcher(w.Fetch(one.items), one.items)
		err := f.messages(ctx, one.uids)
		f.release()
		if err != nil && !errors.Is(err, errExpunged) { // what has gone, the client will hear of
			return err
		}
	}
	return nil
}

// madeByOthers returns those of new messages that are not this client's own.
func (s *session) madeByOthers(added imap.UIDSet) imap.UIDSet {
	var others imap.UIDSet
	for _, e := range s.view.told.UIDs(added) {
		if !s.origin.Made(s.view.at.account.ID(), e.ModSeq) {
			others.Add(e.UID)
		}
	}
	return others
}

// combine returns for each message of uids, once, all that is asked of it.
func combine(asked []newItems, uids imap.UIDSet) []newItems {
	if len(asked) == 1 {
		return []newItems{{asked[0].uids.Intersect(uids), asked[0].items}}
	}
	wants := make(map[uint32]imap.UIDSet) // by the bits of who asks
	var order []uint32
	for uid := range uids.All() {
		var who uint32
		for i := range asked {
			if asked[i].uids.Contains(uid) {
				who |= 1 << i
			}
		}
		if who == 0 {
			continue
		}
		set, seen := wants[who]
		if !seen {
			order = append(order, who)
		}
		set.Add(uid)
		wants[who] = set
	}
	var out []newItems
	for _, who := range order {
		out = append(out, newItems{wants[who], merged(asked, who)})
	}
	return out
}

// merged returns what those of asked that who has bits of want together.
func merged(asked []newItems, who uint32) *imap.FetchOptions {
	all := new(imap.FetchOptions)
	for i := range asked {
		if who>>i&1 == 0 {
			continue
		}
		all.Items |= asked[i].items.Items
		for _, section := range asked[i].items.Sections {
			same := func(s imap.BodySection) bool { return s.String() == section.String() && s.Partial == section.Partial }
			if !slices.ContainsFunc(all.Sections, same) {
				all.Sections = append(all.Sections, section)
			}
		}
	}
	return all
}
