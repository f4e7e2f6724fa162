package mailstore_test

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

func (m *machine) name() string {
	return rapid.StringMatching("(INBOX|[ab])(/[ab]){0,2}").Draw(m.t, "name")
}

func (m *machine) create(t *rapid.T) {
	name := m.name()
	_, err := m.account.Create(m.ctx, name)
	if m.model.boxes[name] != nil {
		if !errors.Is(err, mailstore.ErrMailboxExists) {
			t.Fatalf("create an existing %s: %v", name, err)
		}
		return
	}
	m.check(err)
	m.adoptWithParents(name)
}

func (m *machine) adoptWithParents(name string) {
	for i, r := range name + "/" {
		if r == '/' && m.model.boxes[name[:i]] == nil {
			m.adopt(name[:i])
		}
	}
}

func (m *machine) delete(t *rapid.T) {
	name := m.pick()
	err := m.account.Delete(m.ctx, name)
	if name == "INBOX" {
		if !errors.Is(err, mailstore.ErrInbox) {
			t.Fatalf("delete INBOX: %v", err)
		}
		return
	}
	m.check(err)
	id := m.model.boxes[name].id
	delete(m.model.boxes, name)
	maps.DeleteFunc(m.model.annotations, func(k plainEntry, _ string) bool { return k.id == id })
}

func (m *machine) rename(t *rapid.T) {
	from, to := m.pick(), m.name()
	err := m.account.Rename(m.ctx, from, to)
	moved := make(map[string]*plainBox)
	clash := false
	for name, b := range m.model.boxes {
		if name == from || from != "INBOX" && strings.HasPrefix(name, from+"/") {
			moved[to+strings.TrimPrefix(name, from)] = b
		}
	}
	for name := range moved {
		old := m.model.boxes[name]
		clash = clash || old != nil && !slices.Contains(slices.Collect(maps.Values(moved)), old)
	}
	clash = clash || m.model.boxes[to] != nil
	switch {
	case from != "INBOX" && strings.HasPrefix(to, from+"/"):
		if !errors.Is(err, mailstore.ErrBadName) {
			t.Fatalf("rename %s into itself: %v", from, err)
		}
		return
	case clash:
		if !errors.Is(err, mailstore.ErrMailboxExists) {
			t.Fatalf("rename %s onto %s: %v", from, to, err)
		}
		return
	}
	m.check(err)
	if from == "INBOX" {
		inbox := m.model.boxes[from]
		m.adoptWithParents(to)
		for k, value := range maps.Clone(m.model.annotations) {
			if k.id == inbox.id {
				k.id = m.model.boxes[to].id
				m.model.annotations[k] = value
			}
		}
		m.model.boxes[to].messages, m.model.boxes[to].next = inbox.messages, imap.UID(len(inbox.messages)+1)
		for i, msg := range inbox.messages {
			msg.uid, msg.modSeq = imap.UID(i+1), 0
		}
		inbox.messages = nil
		return
	}
	maps.DeleteFunc(m.model.boxes, func(_ string, b *plainBox) bool {
		return slices.Contains(slices.Collect(maps.Values(moved)), b)
	})
	maps.Copy(m.model.boxes, moved)
	m.adoptWithParents(to)
}

func (m *machine) subscribe(t *rapid.T) {
	name := m.name()
	if rapid.Bool().Draw(t, "on") {
		m.check(m.account.Subscribe(m.ctx, name))
		m.model.names[name] = true
		return
	}
	m.check(m.account.Unsubscribe(m.ctx, name))
	delete(m.model.names, name)
}

// annotate sets and removes annotations of the account, of a mailbox of it, as
// one of two readers.
func (m *machine) annotate(t *rapid.T) {
	id := mailstore.MailboxID(0)
	if rapid.Bool().Draw(t, "of a mailbox") {
		id = m.model.boxes[m.pick()].id
	}
	reader := rapid.SampledFrom([]mailstore.AccountID{7, 8}).Draw(t, "reader")
	var list []imap.Annotation
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		one := imap.Annotation{Entry: rapid.StringMatching("/(private|shared)/[ab]").Draw(t, "entry")}
		if rapid.Bool().Draw(t, "set") {
			one.Value = []byte(rapid.StringMatching("x{0,2}").Draw(t, "value"))
		}
		list = append(list, one)
		k := plainEntry{id, reader, one.Entry}
		if strings.HasPrefix(one.Entry, "/shared/") {
			k.reader = 0
		}
		if m.model.annotations[k] = string(one.Value); one.Value == nil {
			delete(m.model.annotations, k)
		}
	}
	_, err := m.account.Annotate(m.ctx, id, reader, list)
	m.check(err)
}

// compareAnnotations compares those of a mailbox, zero for the account.
func (m *machine) compareAnnotations(id mailstore.MailboxID) {
	for _, reader := range []mailstore.AccountID{7, 8} {
		list, err := m.account.Annotations(m.ctx, id, reader)
		m.check(err)
		want := make(map[string]string)
		for k, value := range m.model.annotations {
			if k.id == id && (k.reader == 0 || k.reader == reader) {
				want[k.entry] = value
			}
		}
		got := make(map[string]string)
		for _, one := range list {
			got[one.Entry] = string(one.Value)
		}
		if !maps.Equal(got, want) || len(list) != len(want) {
			m.t.Fatalf("annotations of %d for %d are %q, want %q", id, reader, list, want)
		}
	}
}
