package mailstore

import (
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// Delimiter separates the levels of mailbox names.
const Delimiter = '/'

// A Tree is all mailboxes of an account, and its subscriptions, at one moment.
// It is immutable. INBOX always exists.
type Tree struct {
	modSeq        imap.ModSeq
	byID          []*Mailbox  // by rising id
	order         []MailboxID // by rising name
	subscriptions []string    // rising
}

// ModSeq returns the MODSEQ of the account's last change.
func (t *Tree) ModSeq() imap.ModSeq { return t.modSeq }

// Len returns the number of mailboxes.
func (t *Tree) Len() int { return len(t.byID) }

// All yields the mailboxes by rising name.
func (t *Tree) All() iter.Seq[*Mailbox] {
	return func(yield func(*Mailbox) bool) {
		for _, id := range t.order {
			if !yield(t.mustGet(id)) {
				return
			}
		}
	}
}

// Get returns the mailbox of that id.
func (t *Tree) Get(id MailboxID) (*Mailbox, bool) {
	i, found := t.index(id)
	if !found {
		return nil, false
	}
	return t.byID[i], true
}

func (t *Tree) index(id MailboxID) (int, bool) {
	return slices.BinarySearchFunc(t.byID, id, func(m *Mailbox, id MailboxID) int {
		return int(int64(m.ID) - int64(id))
	})
}

func (t *Tree) mustGet(id MailboxID) *Mailbox {
	m, ok := t.Get(id)
	if !ok {
		panic("mailstore: tree lists a mailbox that it does not have")
	}
	return m
}

// Find returns the mailbox of that name, which need not be canonical.
func (t *Tree) Find(name string) (*Mailbox, bool) {
	name = canonicalName(name)
	i, found := t.search(name)
	if !found {
		return nil, false
	}
	return t.mustGet(t.order[i]), true
}

// search returns where a canonical name is, or would be, in t.order.
func (t *Tree) search(name string) (int, bool) {
	i := sort.Search(len(t.order), func(i int) bool { return t.mustGet(t.order[i]).Name >= name })
	return i, i < len(t.order) && t.mustGet(t.order[i]).Name == name
}

// FindUse returns the first mailbox with a special use.
func (t *Tree) FindUse(use imap.MailboxAttr) (*Mailbox, bool) {
	for m := range t.All() {
		if m.HasUse(use) {
			return m, true
		}
	}
	return nil, false
}

// Below yields the mailboxes below name in the hierarchy, by rising name. The
// name itself need not be that of a mailbox.
func (t *Tree) Below(name string) iter.Seq[*Mailbox] {
	prefix := canonicalName(name) + string(Delimiter)
	return func(yield func(*Mailbox) bool) {
		i, _ := t.search(prefix)
		for _, id := range t.order[i:] {
			m := t.mustGet(id)
			if !strings.HasPrefix(m.Name, prefix) || !yield(m) {
				return
			}
		}
	}
}

// HasChildren reports whether there is a mailbox below name.
func (t *Tree) HasChildren(name string) bool {
	for range t.Below(name) {
		return true
	}
	return false
}

// Subscriptions returns the subscribed names, rising. There need not be
// mailboxes of these names (RFC 9051 §6.3.7). Do not change.
func (t *Tree) Subscriptions() []string { return t.subscriptions }

// Subscribed reports whether a name is subscribed.
func (t *Tree) Subscribed(name string) bool {
	_, found := slices.BinarySearch(t.subscriptions, canonicalName(name))
	return found
}
