package limit

import "container/list"

// A table is a map that holds at most limit entries. One too many pushes out
// the entry that was used the longest ago. It is not safe for concurrent use.
type table[K comparable, V any] struct {
	limit   int
	entries map[K]*list.Element
	order   *list.List // of *entry, the last used in front
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newTable[K comparable, V any](limit int) *table[K, V] {
	return &table[K, V]{limit: max(1, limit), entries: make(map[K]*list.Element), order: list.New()}
}

func (t *table[K, V]) get(key K) (value V, ok bool) {
	element, ok := t.entries[key]
	if !ok {
		return value, false
	}
	t.order.MoveToFront(element)
	return element.Value.(*entry[K, V]).value, true
}

func (t *table[K, V]) set(key K, value V) {
	if element, ok := t.entries[key]; ok {
		element.Value.(*entry[K, V]).value = value
		t.order.MoveToFront(element)
		return
	}
	if len(t.entries) >= t.limit {
		t.drop(t.order.Back().Value.(*entry[K, V]).key)
	}
	t.entries[key] = t.order.PushFront(&entry[K, V]{key: key, value: value})
}

func (t *table[K, V]) drop(key K) {
	if element, ok := t.entries[key]; ok {
		t.order.Remove(element)
		delete(t.entries, key)
	}
}

func (t *table[K, V]) len() int { return len(t.entries) }
