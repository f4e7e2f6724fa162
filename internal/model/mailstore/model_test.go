package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// The plain model: what an account is, said with maps and slices.
type (
	plainMessage struct {
		uid      imap.UID
		text     string
		flags    map[imap.Flag]bool
		modSeq   imap.ModSeq
		instance mailstore.InstanceID
		record   mailstore.RecordID
	}
	plainBox struct {
		id       mailstore.MailboxID
		validity imap.UIDValidity
		next     imap.UID
		messages []*plainMessage
	}
	plainAccount struct {
		boxes     map[string]*plainBox
		names     map[string]bool // subscriptions
		modSeq    imap.ModSeq     // highest ever seen
		usedUIDs  map[string]bool
		instances map[mailstore.InstanceID]bool
	}
)

// machine does the same to the store and to the model.
type machine struct {
	*fixture
	t     *rapid.T
	model plainAccount
	told  map[mailstore.MailboxID]*mailstore.Version // what a session has seen
	ctx   context.Context
}

func TestAgainstPlainModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		m := &machine{fixture: f, t: rt, ctx: context.Background()}
		m.model = plainAccount{
			boxes: make(map[string]*plainBox), names: make(map[string]bool),
			usedUIDs: make(map[string]bool), instances: make(map[mailstore.InstanceID]bool),
		}
		for _, name := range []string{"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"} {
			m.adopt(name)
			m.model.names[name] = true
		}
		m.told = make(map[mailstore.MailboxID]*mailstore.Version)
		rt.Repeat(map[string]func(*rapid.T){
			"":          m.compare,
			"deliver":   m.deliver,
			"append":    m.appendSome,
			"store":     m.storeFlags,
			"copy":      m.copyOrMove,
			"expunge":   m.expunge,
			"create":    m.create,
			"delete":    m.delete,
			"rename":    m.rename,
			"subscribe": m.subscribe,
			"collect":   m.collect,
			"reopen":    func(*rapid.T) { m.reopen() },
			"fail":      m.fail,
		})
	})
}

// adopt takes a mailbox that the store has made into the model.
func (m *machine) adopt(name string) *plainBox {
	box := m.box(name)
	b := &plainBox{id: box.ID, validity: box.UIDValidity, next: 1}
	for other, o := range m.model.boxes {
		if o.validity == b.validity || o.id == b.id {
			m.t.Fatalf("%s and %s share an identifier", other, name)
		}
	}
	m.model.boxes[name] = b
	return b
}

func (m *machine) pick() string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.model.boxes))).Draw(m.t, "mailbox")
}

func (m *machine) pickUIDs(b *plainBox) imap.UIDSet {
	var set imap.UIDSet
	if rapid.Bool().Draw(m.t, "all") {
		set.AddRange(1, b.next+3)
		return set
	}
	for range rapid.IntRange(0, 4).Draw(m.t, "ranges") {
		from := rapid.Uint32Range(1, uint32(b.next)).Draw(m.t, "from")
		set.AddRange(imap.UID(from), imap.UID(from+rapid.Uint32Range(0, 70).Draw(m.t, "len")))
	}
	return set
}

func (m *machine) pickFlags() []imap.Flag {
	all := []imap.Flag{`\Seen`, `\Deleted`, `\Flagged`, `\Draft`, `\Answered`, "$Junk", "one", "two", "three"}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 3, rapid.ID).Draw(m.t, "flags")
}

func flagSet(flags []imap.Flag) map[imap.Flag]bool {
	set := make(map[imap.Flag]bool)
	for _, f := range flags {
		set[f] = true
	}
	return set
}

// arrive puts messages at the end of a mailbox of the model.
func (m *machine) arrive(name string, texts []string, flags []imap.Flag) {
	b := m.model.boxes[name]
	for _, text := range texts {
		b.messages = append(b.messages, &plainMessage{uid: b.next, text: text, flags: flagSet(flags)})
		b.next++
	}
}

func (m *machine) deliver(t *rapid.T) {
	name, flags := m.pick(), m.pickFlags()
	prefix := rapid.SampledFrom([]string{"", "X-Prefix: y\r\n"}).Draw(t, "prefix")
	text := mail(rapid.StringMatching("[a-z]{1,8}").Draw(t, "subject"))
	c := m.content(text)
	defer c.Discard()
	done, err := m.store.Deliver(m.ctx, c, []mailstore.Delivery{
		{Account: 7, Mailbox: name, Flags: flags, Prefix: []byte(prefix)},
		{Account: 7, Mailbox: "nowhere"},
	}, nil)
	m.check(err)
	m.arrive(name, []string{prefix + text}, flags)
	m.arrive("INBOX", []string{text}, nil)
	if want := m.model.boxes[name].id; done[0].Mailbox != want {
		t.Fatalf("delivered to %d, want %d", done[0].Mailbox, want)
	}
}

func (m *machine) appendSome(t *rapid.T) {
	name, flags := m.pick(), m.pickFlags()
	var texts []string
	var messages []mailstore.Append
	for i := range rapid.SampledFrom([]int{1, 3, 64, 150}).Draw(t, "n") {
		texts = append(texts, mail(fmt.Sprint(i)))
		c := m.content(texts[i])
		defer c.Discard()
		messages = append(messages, mailstore.Append{Content: c, Flags: flags})
	}
	data, err := m.account.Append(m.ctx, m.model.boxes[name].id, messages)
	m.check(err)
	if data.UIDs.Min() != m.model.boxes[name].next || data.UIDs.Count() != len(texts) {
		t.Fatalf("APPENDUID %v", data.UIDs)
	}
	m.arrive(name, texts, flags)
}

func (m *machine) storeFlags(t *rapid.T) {
	b := m.model.boxes[m.pick()]
	uids, flags := m.pickUIDs(b), m.pickFlags()
	op := imap.StoreOp{Action: imap.StoreAction(rapid.IntRange(0, 2).Draw(t, "action")), Flags: flags}
	if rapid.Bool().Draw(t, "conditional") {
		op.Conditional = true
		op.UnchangedSince = imap.ModSeq(rapid.Uint64Range(0, uint64(m.model.modSeq)).Draw(t, "since"))
	}
	done, err := m.account.StoreFlags(m.ctx, b.id, uids, op)
	m.check(err)
	var changed, modified imap.UIDSet
	for _, msg := range b.messages {
		switch after := applyStore(msg.flags, op); {
		case !uids.Contains(msg.uid):
		case op.Conditional && msg.modSeq > op.UnchangedSince:
			modified.Add(msg.uid)
		case !maps.Equal(after, msg.flags):
			changed.Add(msg.uid)
			msg.flags, msg.modSeq = after, done.ModSeq
		}
	}
	if changed.String() != done.Changed.String() || modified.String() != done.Modified.String() {
		t.Fatalf("changed %v, want %v; modified %v, want %v", done.Changed, changed, done.Modified, modified)
	}
}

func applyStore(old map[imap.Flag]bool, op imap.StoreOp) map[imap.Flag]bool {
	after := maps.Clone(old)
	if op.Action == imap.StoreReplace {
		after = make(map[imap.Flag]bool)
	}
	for _, f := range op.Flags {
		if op.Action == imap.StoreRemove {
			delete(after, f)
		} else {
			after[f] = true
		}
	}
	return after
}

func (m *machine) copyOrMove(t *rapid.T) {
	from, to := m.model.boxes[m.pick()], m.model.boxes[m.pick()]
	uids, move := m.pickUIDs(from), rapid.Bool().Draw(t, "move")
	op := m.account.Copy
	if move {
		op = m.account.Move
	}
	data, err := op(m.ctx, from.id, to.id, uids)
	m.check(err)
	var source, dest imap.UIDSet
	var kept, gone []*plainMessage
	for _, msg := range from.messages {
		if !uids.Contains(msg.uid) {
			kept = append(kept, msg)
			continue
		}
		source.Add(msg.uid)
		gone = append(gone, msg)
	}
	if move {
		from.messages = kept
	}
	for _, msg := range gone {
		dest.Add(to.next)
		made := &plainMessage{uid: to.next, text: msg.text, flags: msg.flags, record: msg.record}
		if move {
			made.instance = msg.instance
		}
		to.messages = append(to.messages, made)
		to.next++
	}
	if data.Source.String() != source.String() || data.Dest.String() != dest.String() || data.UIDValidity != to.validity {
		t.Fatalf("COPYUID %v, want %v to %v", data, source, dest)
	}
}

func (m *machine) expunge(t *rapid.T) {
	b := m.model.boxes[m.pick()]
	uids, always := m.pickUIDs(b), rapid.Bool().Draw(t, "remove")
	var got, want imap.UIDSet
	var err error
	if always {
		got, err = m.account.Remove(m.ctx, b.id, uids)
	} else {
		got, err = m.account.Expunge(m.ctx, b.id, &uids)
	}
	m.check(err)
	b.messages = slices.DeleteFunc(b.messages, func(msg *plainMessage) bool {
		gone := uids.Contains(msg.uid) && (always || msg.flags[imap.FlagDeleted])
		if gone {
			want.Add(msg.uid)
		}
		return gone
	})
	if got.String() != want.String() {
		t.Fatalf("expunged %v, want %v", got, want)
	}
}

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

// collect takes the content of what has been expunged; afterwards no more
// bytes are stored than there are different records.
func (m *machine) collect(t *rapid.T) {
	m.now = m.now.Add(time.Hour)
	_, err := m.store.CollectOrphans(m.ctx, m.now)
	m.check(err)
	blobs := make(map[string]bool)
	records := 0
	for _, b := range m.model.boxes {
		for _, msg := range b.messages {
			blobs[fmt.Sprint(msg.record)] = true
		}
	}
	prefix := storage.Range{Start: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 5}, End: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 6}}
	m.check(m.engine.Scan(prefix, func(_, _ []byte) error { records++; return nil }))
	if records != len(blobs) {
		t.Fatalf("%d records are stored for %d in use", records, len(blobs))
	}
	if records == 0 && m.blobs() != 0 {
		t.Fatalf("%d bytes of blobs for no message", m.blobs())
	}
}

// fail makes a change fail, which must leave no trace.
func (m *machine) fail(t *rapid.T) {
	cause := rapid.SampledFrom([]error{storage.ErrFull, storage.ErrConflict}).Draw(t, "cause")
	n := 1
	if errors.Is(cause, storage.ErrConflict) {
		n = rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "times")
	}
	name := m.pick()
	c := m.content(mail("lost"))
	defer c.Discard()
	m.engine.FailCommits(n, cause)
	_, err := m.account.Append(m.ctx, m.model.boxes[name].id, []mailstore.Append{{Content: c}})
	m.engine.FailCommits(0, nil)
	if err == nil {
		m.arrive(name, []string{mail("lost")}, nil)
	}
	if (err == nil) != (errors.Is(cause, storage.ErrConflict) && n < 8) {
		t.Fatalf("%d times %v led to %v", n, cause, err)
	}
}

// compare checks that store and model are the same, and that nothing has moved
// backwards.
func (m *machine) compare(t *rapid.T) {
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
