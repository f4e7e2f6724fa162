package mailstore

import (
	"iter"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
)

// versionOf builds a version from rows in order of UID.
func versionOf(rows []row) *Version {
	v := newVersion(&Mailbox{UIDValidity: 1}, nil)
	var pages []*page
	for len(rows) > 0 {
		no := uint32(rows[0].uid) >> pageBits
		n := 1
		for n < len(rows) && uint32(rows[n].uid)>>pageBits == no {
			n++
		}
		pages = append(pages, newPage(no, rows[:n]))
		rows = rows[n:]
	}
	return v.with(v.box, pages)
}

// drawRows makes messages with gaps of all sizes between their UIDs.
func drawRows(t *rapid.T) []row {
	gaps := rapid.SliceOfN(rapid.OneOf(
		rapid.Uint32Range(1, 2), rapid.Uint32Range(1, 100), rapid.Uint32Range(1, 100_000),
	), 0, 300).Draw(t, "gaps")
	rows := make([]row, len(gaps))
	uid := imap.UID(0)
	for i, gap := range gaps {
		uid += imap.UID(gap)
		rows[i] = drawRow(t, uid)
	}
	return rows
}

func drawRow(t *rapid.T, uid imap.UID) row {
	seconds := rapid.OneOf(rapid.Int64Range(1.7e9, 1.8e9), rapid.Int64Range(-1e11, 1e11))
	flags := rapid.SampledFrom([]Flags{{}, {low: 1}, {low: 9}, {low: 1 << 40}, {high: 1 << 63}})
	return row{
		uid:          uid,
		flags:        flags.Draw(t, "flags"),
		modSeq:       imap.ModSeq(rapid.Uint64Range(1, 1<<63-1).Draw(t, "modseq")),
		size:         rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "size"),
		internal:     seconds.Draw(t, "internal"),
		save:         seconds.Draw(t, "save"),
		sent:         seconds.Draw(t, "sent"),
		internalZone: rapid.Int16Range(-1440, 1440).Draw(t, "zone"),
		sentZone:     rapid.Int16Range(-1440, 1440).Draw(t, "zone"),
		instance:     InstanceID(rapid.Uint64Range(1, 1<<40).Draw(t, "instance")),
		record:       RecordID(rapid.Uint64Range(1, 1<<40).Draw(t, "record")),
	}
}

func TestPageKeepsRows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		no := rapid.Uint32Range(0, 1<<26-1).Draw(t, "page")
		var rows []row
		for slot := range imap.UID(pageUIDs) {
			if rapid.Bool().Draw(t, "present") {
				rows = append(rows, drawRow(t, imap.UID(no<<pageBits)+slot))
			}
		}
		p := newPage(no, rows)
		if len(p.stored()) > maxPage {
			t.Fatalf("a page of %d bytes", len(p.stored()))
		}
		q, err := parsePage(no, p.stored())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*page{p, q} {
			if got := p.appendRows(nil); !slices.Equal(got, rows) {
				t.Fatalf("page has %+v, want %+v", got, rows)
			}
			for i, r := range rows {
				checkEntry(t, p.entry(p.slot(i), i), r)
			}
		}
		if p.maxMod != q.maxMod {
			t.Fatalf("highest MODSEQ is %d, was %d", q.maxMod, p.maxMod)
		}
	})
}

func checkEntry(t *rapid.T, e Entry, r row) {
	if e.UID != r.uid || e.Flags != r.flags || e.ModSeq != r.modSeq || e.Size() != r.size ||
		e.Instance() != r.instance || e.Record() != r.record || e.SaveDate().Unix() != r.save {
		t.Fatalf("entry %+v, want %+v", e, r)
	}
	for _, date := range []struct {
		got     func() (int64, int16)
		seconds int64
		zone    int16
	}{
		{func() (int64, int16) { return secondsAndZone(e.InternalDate()) }, r.internal, r.internalZone},
		{func() (int64, int16) { return secondsAndZone(e.SentDate()) }, r.sent, r.sentZone},
	} {
		if seconds, zone := date.got(); seconds != date.seconds || zone != date.zone {
			t.Fatalf("date %d in %d, want %d in %d", seconds, zone, date.seconds, date.zone)
		}
	}
}

func TestVersionAgainstSlice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		v := versionOf(rows)
		if int(v.Len()) != len(rows) {
			t.Fatalf("%d messages, want %d", v.Len(), len(rows))
		}
		checkPlaces(t, v, rows)
		checkSelections(t, v, rows)
		checkFlags(t, v, rows)
	})
}

func checkPlaces(t *rapid.T, v *Version, rows []row) {
	for i, r := range rows {
		seq := imap.SeqNum(i + 1)
		if e := v.At(seq); e.UID != r.uid {
			t.Fatalf("message %d has UID %d, want %d", seq, e.UID, r.uid)
		}
		if got, ok := v.Find(r.uid); !ok || got != seq {
			t.Fatalf("UID %d is message %d, want %d", r.uid, got, seq)
		}
	}
	uid := imap.UID(rapid.Uint32().Draw(t, "uid"))
	if len(rows) > 0 && rapid.Bool().Draw(t, "near") {
		uid = rows[uid%imap.UID(len(rows))].uid + uid%5
	}
	i, found := slices.BinarySearchFunc(rows, uid, func(r row, uid imap.UID) int { return int(int64(r.uid) - int64(uid)) })
	if got := v.Seek(uid); got != imap.SeqNum(i+1) {
		t.Fatalf("seek %d leads to %d, want %d", uid, got, i+1)
	}
	if _, ok := v.Get(uid); ok != found {
		t.Fatalf("UID %d is there: %v, want %v", uid, ok, found)
	}
	if _, ok := v.Find(uid); ok != found {
		t.Fatalf("UID %d is found: %v, want %v", uid, ok, found)
	}
}

// uidsOf collects what an iterator yields, and checks the sequence numbers.
func uidsOf(t *rapid.T, v *Version, all iter.Seq2[imap.SeqNum, Entry]) []imap.UID {
	var uids []imap.UID
	for seq, e := range all {
		if v.At(seq).UID != e.UID {
			t.Fatalf("message %d is yielded as %d", e.UID, seq)
		}
		uids = append(uids, e.UID)
	}
	return uids
}

func checkSelections(t *rapid.T, v *Version, rows []row) {
	var uids imap.UIDSet
	var seqs imap.SeqSet
	for range rapid.IntRange(0, 4).Draw(t, "ranges") {
		at := imap.SeqNum(rapid.IntRange(0, len(rows)+1).Draw(t, "seq"))
		seqs.AddRange(at, at+imap.SeqNum(rapid.IntRange(0, 90).Draw(t, "count")))
		from := imap.UID(rapid.Uint32Range(0, 1<<20).Draw(t, "from"))
		uids.AddRange(from, from+imap.UID(rapid.Uint32Range(0, 1<<18).Draw(t, "width")))
	}
	if rapid.Bool().Draw(t, "last") {
		uids.Add(^imap.UID(0))
	}
	var wantAll, wantUIDs, wantSeqs []imap.UID
	var set imap.UIDSet
	for i, r := range rows {
		wantAll = append(wantAll, r.uid)
		set.Add(r.uid)
		if uids.Contains(r.uid) {
			wantUIDs = append(wantUIDs, r.uid)
		}
		if seqs.Contains(imap.SeqNum(i + 1)) {
			wantSeqs = append(wantSeqs, r.uid)
		}
	}
	var inPages []imap.UID
	v.pagesIn(uids, func(p *page, slots uint64) bool {
		p.yield(slots, 1, func(_ imap.SeqNum, e Entry) bool {
			inPages = append(inPages, e.UID)
			return true
		})
		return true
	})
	for what, pair := range map[string][2][]imap.UID{
		"all":   {uidsOf(t, v, v.All()), wantAll},
		"UIDs":  {uidsOf(t, v, v.UIDs(uids)), wantUIDs},
		"seqs":  {uidsOf(t, v, v.Seqs(seqs)), wantSeqs},
		"pages": {inPages, wantUIDs},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Fatalf("%s: %v, want %v (UIDs %v, numbers %v)", what, pair[0], pair[1], uids, seqs)
		}
	}
	if got := v.Count(uids); got != len(wantUIDs) {
		t.Fatalf("%d of %v are there, want %d", got, uids, len(wantUIDs))
	}
	if v.UIDSet().String() != set.String() {
		t.Fatalf("UIDs are %v, want %v", v.UIDSet(), set)
	}
}

func checkFlags(t *rapid.T, v *Version, rows []row) {
	unseen, first := 0, imap.SeqNum(0)
	var used Flags
	var drafts []imap.UID
	for i, r := range rows {
		used = used.union(r.flags)
		if r.flags.Has(3) {
			drafts = append(drafts, r.uid)
		}
		if r.flags.Has(Seen) {
			continue
		}
		unseen++
		if first == 0 {
			first = imap.SeqNum(i + 1)
		}
	}
	if v.Unseen() != unseen || v.FirstUnseen() != first {
		t.Fatalf("%d unseen from %d, want %d from %d", v.Unseen(), v.FirstUnseen(), unseen, first)
	}
	if v.usedFlags() != used {
		t.Fatalf("flags %v are used, want %v", v.usedFlags(), used)
	}
	if got := uidsOf(t, v, v.Having(3)); !slices.Equal(got, drafts) {
		t.Fatalf("%v have the flag, want %v", got, drafts)
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	set := rapid.Custom(func(t *rapid.T) imap.UIDSet {
		var s imap.UIDSet
		for _, from := range rapid.SliceOfN(rapid.Uint32Range(1, 200), 0, 12).Draw(t, "from") {
			s.AddRange(imap.UID(from), imap.UID(from+rapid.Uint32Range(0, 12).Draw(t, "width")))
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := set.Draw(t, "a"), set.Draw(t, "b")
		got := without(a, b)
		for uid := range imap.UID(230) {
			if got.Contains(uid) != (a.Contains(uid) && !b.Contains(uid)) {
				t.Fatalf("%v without %v is %v", a, b, got)
			}
		}
	})
	top := imap.UIDSet{{Start: 5, Stop: ^imap.UID(0)}}
	if got := without(top, imap.UIDSet{{Start: 9, Stop: ^imap.UID(0)}}); got.String() != "5:8" {
		t.Errorf("at the upper end: %v", got)
	}
}

// TestSmallChangeSharesPages shows that a change in a large mailbox copies
// little.
func TestSmallChangeSharesPages(t *testing.T) {
	t.Parallel()
	rows := make([]row, 100_000)
	for i := range rows {
		rows[i] = row{uid: imap.UID(i + 1), modSeq: 1, instance: InstanceID(i + 1), record: RecordID(i + 1)}
	}
	v := versionOf(rows)
	p := v.page(700)
	changed := p.appendRows(nil)
	changed[3].flags, changed[3].modSeq = Flags{low: 1}, 2
	w := v.with(v.box, []*page{newPage(700, changed)})
	differ := 0
	pairPages(v, w, func(_ imap.SeqNum, _, _ *page) { differ++ })
	if differ != 1 {
		t.Errorf("%d pages differ after one was changed", differ)
	}
	if per := float64(v.memory()) / float64(len(rows)); per > 60 {
		t.Errorf("%.1f bytes a message in memory", per)
	}
}

// BenchmarkAppendToVersion adds a message to a mailbox that has a million.
func BenchmarkAppendToVersion(b *testing.B) {
	rows := make([]row, 1_000_000)
	for i := range rows {
		rows[i] = row{uid: imap.UID(i + 1), modSeq: imap.ModSeq(i), instance: InstanceID(i + 1), record: RecordID(i + 1)}
	}
	v := versionOf(rows)
	uid := imap.UID(len(rows))
	b.ReportAllocs()
	for b.Loop() {
		uid++
		no := uint32(uid) >> pageBits
		var all []row
		if p := v.page(no); p != nil {
			all = p.appendRows(nil)
		}
		v = v.with(v.box, []*page{newPage(no, append(all, row{uid: uid, modSeq: imap.ModSeq(uid)}))})
	}
}
