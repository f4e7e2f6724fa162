package mailstore

import (
	"context"
	"slices"
)

// Subscribe adds a name to the subscriptions, whether a mailbox has it or not
// (RFC 9051 §6.3.7).
func (a *Account) Subscribe(ctx context.Context, name string) error {
	name, err := CheckName(name)
	if err != nil {
		return err
	}
	return a.change(ctx, func(t *tx) error { return t.subscribe(name) })
}

// Unsubscribe removes a name from the subscriptions, if it is among them
// (RFC 9051 §6.3.8).
func (a *Account) Unsubscribe(ctx context.Context, name string) error {
	name = canonicalName(name)
	return a.change(ctx, func(t *tx) error {
		i, found := slices.BinarySearch(t.next.tree.subscriptions, name)
		if !found {
			return nil
		}
		t.setSubscriptions(slices.Delete(slices.Clone(t.next.tree.subscriptions), i, i+1))
		t.batch.Delete(subscriptionKey(t.account.id, name))
		t.log(Change{Kind: NameUnsubscribed, Name: name})
		return nil
	})
}

// subscribe adds a checked name.
func (t *tx) subscribe(name string) error {
	names := t.next.tree.subscriptions
	i, found := slices.BinarySearch(names, name)
	if found {
		return nil
	}
	if len(names) >= t.store.options.MaxSubscriptions {
		return ErrTooMany
	}
	t.setSubscriptions(slices.Insert(slices.Clone(names), i, name))
	t.batch.Set(subscriptionKey(t.account.id, name), []byte{})
	t.log(Change{Kind: NameSubscribed, Name: name})
	return nil
}

func (t *tx) setSubscriptions(names []string) {
	tree := *t.next.tree
	tree.subscriptions = names
	t.next.tree = &tree
}
