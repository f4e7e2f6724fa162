package mailstore

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
)

func FuzzPage(f *testing.F) {
	f.Add(newPage(0, nil).stored())
	f.Add(newPage(0, []row{{uid: 3, flags: Flags{low: 1}, modSeq: 9}, {uid: 5, size: 1 << 40}}).stored())
	full := make([]row, pageUIDs)
	for i := range full {
		full[i] = row{uid: imap.UID(i), flags: Flags{high: 1 << i}, modSeq: 5, internal: int64(i) * 1e6}
	}
	f.Add(newPage(0, full).stored())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePage(0, b)
		if err != nil {
			wantCorrupt(t, err)
			return
		}
		rows := p.appendRows(nil)
		q := newPage(0, rows)
		if got := q.appendRows(nil); !reflect.DeepEqual(got, rows) {
			t.Errorf("%+v became %+v", rows, got)
		}
	})
}

func wantCorrupt(t *testing.T, err error) {
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("error is %v", err)
	}
}

func FuzzMailbox(f *testing.F) {
	f.Add(appendMailbox(nil, &Mailbox{Name: "INBOX", UIDNext: 1}))
	f.Add(appendMailbox(nil, &Mailbox{
		Name: "a/b", UIDValidity: 1 << 31, Messages: 3, Bytes: 1 << 50,
		SpecialUse: []imap.MailboxAttr{imap.AttrSent}, keywords: []imap.Flag{"a", "", "b"},
	}))
	f.Add(appendMailbox(nil, &Mailbox{Name: "shared", Grants: []Grant{
		{Anyone, false, imap.RightLookup}, {1 << 40, true, imap.AllRights},
	}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMailbox(1, b)
		if err != nil {
			wantCorrupt(t, err)
			return
		}
		again, err := parseMailbox(1, appendMailbox(nil, m))
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, &record{blob: 1, blobSize: 2, received: -3}))
	f.Add(appendRecord(nil, &record{blob: 1 << 60, prefix: []byte("X: y\r\n"), structure: []byte("tree")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxRecord/2 {
			return
		}
		r, err := parseRecord(b)
		if err != nil {
			wantCorrupt(t, err)
			return
		}
		again, err := parseRecord(appendRecord(nil, r))
		if err != nil || again.blob != r.blob || again.blobSize != r.blobSize || again.received != r.received ||
			!bytes.Equal(again.prefix, r.prefix) || !bytes.Equal(again.structure, r.structure) {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzChanges(f *testing.F) {
	f.Add(appendChanges(nil, nil))
	f.Add(appendChanges(nil, []Change{{Kind: Annotated, Name: "/private/x", Reader: 1 << 40}}))
	f.Add(appendChanges(nil, []Change{
		{Kind: MessagesAdded, Mailbox: 3, UIDs: imap.UIDSet{{Start: 1, Stop: 5}, {Start: 7, Stop: ^imap.UID(0)}}},
		{Kind: MailboxRenamed, Mailbox: 4, Name: "new"},
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		changes, err := parseChanges(7, b)
		if err != nil {
			wantCorrupt(t, err)
			return
		}
		for _, c := range changes {
			for i := 1; i < len(c.UIDs); i++ {
				if c.UIDs[i].Start <= c.UIDs[i-1].Stop {
					t.Errorf("UIDs are not in order: %v", c.UIDs)
				}
			}
		}
		again, err := parseChanges(7, appendChanges(nil, changes))
		if err != nil || !reflect.DeepEqual(changes, again) {
			t.Errorf("%+v became %+v, %v", changes, again, err)
		}
	})
}

func FuzzCounters(f *testing.F) {
	f.Add((&counters{modSeq: 5, lastID: 1 << 40, usage: Usage{Bytes: 1, Messages: 2}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCounters(b)
		if err != nil {
			wantCorrupt(t, err)
			return
		}
		if again, err := parseCounters(c.encode()); err != nil || again != c {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}

func FuzzCopyNote(f *testing.F) {
	f.Add(copyNote{0: 1, 63: 1 << 40}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		note := make(copyNote)
		if err := note.add(b); err != nil {
			wantCorrupt(t, err)
			return
		}
		again := make(copyNote)
		if err := again.add(note.encode()); err != nil || !reflect.DeepEqual(note, again) {
			t.Errorf("%v became %v, %v", note, again, err)
		}
	})
}

func TestRecordIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOf(rapid.Map(rapid.Uint64(), func(n uint64) RecordID { return RecordID(n) })).Draw(t, "ids")
		d := decoder{b: appendRecordIDs(nil, ids)}
		got := d.recordIDs()
		if err := d.end("ids"); err != nil || len(got) != len(ids) {
			t.Fatalf("%v became %v, %v", ids, got, err)
		}
		for i := range ids {
			if got[i] != ids[i] {
				t.Fatalf("%v became %v", ids, got)
			}
		}
	})
}

func TestLongStructureIsLeftOut(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte{1}, maxRecord)
	r, err := parseRecord(appendRecord(nil, &record{blob: 4, prefix: []byte("p"), structure: long}))
	if err != nil || len(r.structure) != 0 || string(r.prefix) != "p" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestPageWith wants a page that grows by one message to be the one that is
// made of all.
func TestPageWith(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	grown := 0
	for range 200 {
		var rows []row
		p := newPage(7, nil)
		spread := int64(1) << rng.IntN(40)
		for uid := imap.UID(7 * pageUIDs); uid < 8*pageUIDs; uid++ {
			if rng.IntN(8) == 0 {
				continue
			}
			r := randomRow(rng, uid, spread)
			rows = append(rows, r)
			want := newPage(7, rows)
			if got := p.with(&r); got != nil {
				grown++
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%d messages: %+v, want %+v", len(rows), got, want)
				}
			}
			p = want
		}
	}
	if grown < 1000 {
		t.Errorf("only %d pages have grown without being taken apart", grown)
	}
}

// randomRow makes a message whose numbers are within spread of each other.
func randomRow(rng *rand.Rand, uid imap.UID, spread int64) row {
	r := row{
		uid:      uid,
		flags:    Flags{low: rng.Uint64() & rng.Uint64() & 0x303},
		modSeq:   imap.ModSeq(uid) * 3,
		size:     rng.Int64N(spread),
		instance: InstanceID(uid),
		record:   RecordID(uid),
		save:     rng.Int64N(spread),
		sentZone: int16(rng.IntN(2) * 60),
	}
	r.internal = r.save - rng.Int64N(spread)
	r.sent = r.internal - rng.Int64N(spread)
	return r
}

// BenchmarkPageGrows puts a message behind those of a page, as a delivery does.
func BenchmarkPageGrows(b *testing.B) {
	rows := make([]row, 40)
	for i := range rows {
		rows[i] = row{uid: imap.UID(i), modSeq: imap.ModSeq(i), size: int64(i * 4000), internal: int64(i * 60), save: int64(i * 60), sent: int64(i * 60), instance: InstanceID(i), record: RecordID(i)}
	}
	p, r := newPage(0, rows[:39]), rows[39]
	for name, grow := range map[string]func() *page{
		"with":    func() *page { return p.with(&r) },
		"withAll": func() *page { return p.withAll(rows[39:]) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if q := grow(); q == nil || q.count() != len(rows) {
					b.Fatal(q)
				}
			}
		})
	}
}
