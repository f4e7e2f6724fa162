package imapsession

import (
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// next returns the version that the client is to see now: the latest one, or
// what of it may be told.
func (v *view) next(now *mailstore.Version, opts imapserver.PollOptions) *mailstore.Version {
	switch {
	case opts.Hold:
		return v.holding(now)
	case opts.KeepExpunged:
		return now.Keeping(v.shown())
	}
	v.removed = nil
	return now
}

// shown returns the messages as the client has seen them last. What a command
// has answered of a message that others have expunged since is kept with it: its
// MODSEQ must not fall (RFC 7162 §3.1.2).
func (v *view) shown() *mailstore.Version {
	if v.latest == nil {
		return v.told
	}
	return v.latest.Keeping(v.told)
}

// holding returns now with the messages that the client knows, but for those
// that it has expunged itself.
func (v *view) holding(now *mailstore.Version) *mailstore.Version {
	known := v.told.UIDSet()
	if len(v.removed) > 0 {
		known = known.Minus(v.removed)
		v.removed = nil
	}
	if next := now.Keeping(v.shown()).Only(known); !same(next, v.told) {
		return next
	}
	return v.told
}

// same reports whether two versions show the same, though they may not be one.
func same(a, b *mailstore.Version) bool {
	d := mailstore.Diff(a, b)
	return d.Empty()
}

// holdFlags takes note of messages whose flags the client does not know.
func (v *view) holdFlags(next *mailstore.Version, changed imap.UIDSet) {
	for _, e := range next.UIDs(changed) {
		if v.answered[e.UID] != e.ModSeq {
			v.held.Add(e.UID)
		}
	}
}

// expunged takes note of messages that this session has removed.
func (v *view) expunged(uids imap.UIDSet) { v.removed.AddSet(uids) }
