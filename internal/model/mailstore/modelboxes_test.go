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
	delete(m.model.boxes, name)
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
