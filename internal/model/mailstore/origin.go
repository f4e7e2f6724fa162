package mailstore

import (
	"context"
	"slices"
	"sync"

	"github.com/mailstead/mailstead/imap"
)

// An Origin remembers which changes were made under a context, so that whoever
// reads the change log can tell his own from those of others. Its zero value is
// ready to use.
type Origin struct {
	mu   sync.Mutex
	made map[AccountID][]imap.ModSeq
}

type originKey struct{}

// WithOrigin returns a context under which changes are noted in o.
func WithOrigin(ctx context.Context, o *Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// note notes the changes of an update that was made under ctx and is durable.
func (u *update) note(ctx context.Context) {
	o, _ := ctx.Value(originKey{}).(*Origin)
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made == nil {
		o.made = make(map[AccountID][]imap.ModSeq)
	}
	for _, t := range u.txs {
		if t.dirty() {
			o.made[t.account.id] = append(o.made[t.account.id], t.modSeq)
		}
	}
}

// Made reports whether a change was noted.
func (o *Origin) Made(a AccountID, m imap.ModSeq) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.made[a], m)
}

// Forget drops what was noted.
func (o *Origin) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.made)
}
