package mailstore_test

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// compare checks that store and model are the same, and that nothing has moved
// backwards.
func (m *machine) compare(t *rapid.T) {
	if found := m.verify(); len(found) > 0 {
		t.Fatalf("verify says: %v", found)
	}
	tree, err := m.account.Mailboxes(m.ctx)
	m.check(err)
	var names []string
	for box := range tree.All() {
		names = append(names, box.Name)
	}
	if want := slices.Sorted(maps.Keys(m.model.boxes)); !slices.Equal(names, want) {
		t.Fatalf("mailboxes are %q, want %q", names, want)
	}
	if want := slices.Sorted(maps.Keys(m.model.names)); !slices.Equal(tree.Subscriptions(), want) {
		t.Fatalf("subscriptions are %q, want %q", tree.Subscriptions(), want)
	}
	if tree.ModSeq() < m.model.modSeq {
		t.Fatalf("MODSEQ goes from %d to %d", m.model.modSeq, tree.ModSeq())
	}
	m.model.modSeq = tree.ModSeq()
	var usage mailstore.Usage
	for _, name := range names {
		m.compareBox(t, name, &usage)
	}
	m.compareAnnotations(0)
	if got, _ := m.account.Usage(m.ctx); got != usage {
		t.Fatalf("usage is %+v, want %+v", got, usage)
	}
}

func (m *machine) compareBox(t *rapid.T, name string, usage *mailstore.Usage) {
	b, v := m.model.boxes[name], m.version(name)
	box := m.box(name)
	if box.ID != b.id || box.UIDValidity != b.validity || box.UIDNext != b.next || int(v.Len()) != len(b.messages) {
		t.Fatalf("%s: %+v, want %+v", name, box, b)
	}
	m.compareAnnotations(box.ID)
	want := mailstore.Mailbox{Messages: uint32(len(b.messages))}
	for i, msg := range b.messages {
		e := v.At(imap.SeqNum(i + 1))
		m.compareMessage(t, name, v, e, msg)
		want.Bytes += e.Size()
		if !msg.flags[imap.FlagSeen] {
			want.Unseen++
		}
		if msg.flags[imap.FlagDeleted] {
			want.Deleted++
			want.DeletedBytes += e.Size()
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
		m.compareWithTold(t, v)
	}
	usage.Bytes += want.Bytes
	usage.Messages += int64(len(b.messages))
	if box.Messages != want.Messages || box.Unseen != want.Unseen || box.Deleted != want.Deleted ||
		box.Bytes != want.Bytes || box.DeletedBytes != want.DeletedBytes || v.Unseen() != int(want.Unseen) {
		t.Fatalf("%s: counts are %+v, want %+v", name, box, want)
	}
}

func (m *machine) compareMessage(t *rapid.T, name string, v *mailstore.Version, e mailstore.Entry, msg *plainMessage) {
	got := flagSet(v.Mailbox().AppendFlags(nil, e.Flags))
	if e.UID != msg.uid || !maps.Equal(got, msg.flags) {
		t.Fatalf("%s: message %d has %v, want %d with %v", name, e.UID, got, msg.uid, msg.flags)
	}
	if msg.modSeq == 0 {
		if e.ModSeq > v.HighestModSeq() {
			t.Fatalf("%s: MODSEQ %d of message %d is above the highest", name, e.ModSeq, e.UID)
		}
		m.compareText(t, name, e, msg)
		msg.modSeq = e.ModSeq
	}
	if msg.instance == 0 {
		if m.model.instances[e.Instance()] {
			t.Fatalf("%s: instance %d is used again", name, e.Instance())
		}
		m.model.instances[e.Instance()] = true
		msg.instance = e.Instance()
	}
	if msg.record == 0 {
		msg.record = e.Record()
	}
	if e.ModSeq != msg.modSeq || e.Instance() != msg.instance || e.Record() != msg.record {
		t.Fatalf("%s: message %d is %d %v %v, want %+v", name, e.UID, e.ModSeq, e.Instance(), e.Record(), msg)
	}
}

// compareText is done once for each message at each place.
func (m *machine) compareText(t *rapid.T, name string, e mailstore.Entry, msg *plainMessage) {
	id := fmt.Sprint(m.model.boxes[name].validity, e.UID)
	if m.model.usedUIDs[id] {
		t.Fatalf("%s: UID %d is used again", name, e.UID)
	}
	m.model.usedUIDs[id] = true
	if got := m.read(e); got != msg.text {
		t.Fatalf("%s: message %d is %q, want %q", name, e.UID, got, msg.text)
	}
}

// compareWithTold checks what a session would be told that has last looked a
// while ago.
func (m *machine) compareWithTold(t *rapid.T, v *mailstore.Version) {
	id := v.Mailbox().ID
	old := m.told[id]
	m.told[id] = v
	if old == nil {
		return
	}
	before, after := modSeqs(old), modSeqs(v)
	var want mailstore.Delta
	for uid, modSeq := range after {
		if was, ok := before[uid]; !ok {
			want.Added.Add(uid)
		} else if was != modSeq {
			want.Changed.Add(uid)
		}
	}
	for seq, e := range old.All() {
		if _, ok := after[e.UID]; !ok {
			want.Expunged.Add(e.UID)
			want.ExpungedSeqs.Add(seq)
		}
	}
	if d := mailstore.Diff(old, v); fmt.Sprint(d) != fmt.Sprint(want) || d.Empty() != (len(before) == len(after) && fmt.Sprint(before) == fmt.Sprint(after)) {
		t.Fatalf("difference is %v, want %v", d, want)
	}
	m.compareChanges(t, old, v, want)
	kept := v.Keeping(old)
	both := v.UIDSet()
	both.AddSet(old.UIDSet())
	if kept.UIDSet().String() != both.String() {
		t.Fatalf("%v keeping %v is %v", v.UIDSet(), old.UIDSet(), kept.UIDSet())
	}
	for seq, e := range kept.All() {
		if now, ok := v.Get(e.UID); ok && now.ModSeq != e.ModSeq || seq <= old.Len() && old.At(seq).UID != e.UID {
			t.Fatalf("message %d is %+v in the kept version", seq, e)
		}
	}
}

func modSeqs(v *mailstore.Version) map[imap.UID]imap.ModSeq {
	all := make(map[imap.UID]imap.ModSeq)
	for _, e := range v.All() {
		all[e.UID] = e.ModSeq
	}
	return all
}

// compareChanges checks the change log against the difference of versions.
func (m *machine) compareChanges(t *rapid.T, old, v *mailstore.Version, want mailstore.Delta) {
	c, err := m.account.Changes(m.ctx, v.Mailbox().ID, old.HighestModSeq())
	m.check(err)
	changed := want.Changed.Clone()
	changed.AddSet(want.Added)
	if c.Changed.String() != changed.String() {
		t.Fatalf("log says that %v changed, want %v", c.Changed, changed)
	}
	if c.Vanished.Intersect(want.Expunged).String() != want.Expunged.String() || len(c.Vanished.Intersect(v.UIDSet())) > 0 {
		t.Fatalf("log says that %v vanished, want %v", c.Vanished, want.Expunged)
	}
	var since imap.UIDSet
	for _, e := range v.ChangedSince(old.HighestModSeq()) {
		since.Add(e.UID)
	}
	if since.String() != changed.String() {
		t.Fatalf("version says that %v changed, want %v", since, changed)
	}
}
