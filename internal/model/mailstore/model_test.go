package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

		annotations map[plainEntry]string
	}
	plainEntry struct {
		id     mailstore.MailboxID
		reader mailstore.AccountID // zero if shared
		entry  string
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
			annotations: make(map[plainEntry]string),
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
			"annotate":  m.annotate,
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
