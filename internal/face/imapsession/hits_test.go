package imapsession

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// TestFewHits compares what a search that stops early tells with what one tells
// that finds all: the hits at the wanted places, and their highest MODSEQ.
func TestFewHits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		modSeqs := rapid.SliceOfN(rapid.Uint64Range(1, 50), 0, 30).Draw(t, "modseqs")
		opts := imapserver.SearchOptions{UIDs: true, Seqs: true, ModSeq: true}
		for _, r := range []imap.SearchReturn{imap.SearchReturnMin, imap.SearchReturnMax, imap.SearchReturnPartial, imap.SearchReturnCount} {
			if rapid.Bool().Draw(t, "return") {
				opts.Return |= r
			}
		}
		if opts.Return&imap.SearchReturnPartial != 0 {
			place := rapid.Uint32Range(1, 35)
			opts.Partial = imap.PartialRange{First: place.Draw(t, "first"), Last: place.Draw(t, "last"), FromEnd: rapid.Bool().Draw(t, "from end")}
		}
		scan := func(h *hits) error {
			for i := range modSeqs {
				if h.backward {
					i = len(modSeqs) - 1 - i
				}
				if h.add(imap.SeqNum(i+1), mailstore.Entry{UID: imap.UID(2*i + 1), ModSeq: imap.ModSeq(modSeqs[i])}) {
					break
				}
			}
			return nil
		}
		got, err := inPasses(opts, scan)
		if err != nil {
			t.Fatal(err)
		}
		all := &hits{opts: opts}
		_ = scan(all)
		compareReported(t, opts, modSeqs, got, all.data())
	})
}

func compareReported(t *rapid.T, opts imapserver.SearchOptions, modSeqs []uint64, got, all *imapserver.SearchData) {
	n := uint32(len(modSeqs))
	if got.UIDs.Count() != got.Seqs.Count() {
		t.Fatalf("UIDs %v and numbers %v", got.UIDs, got.Seqs)
	}
	var highest imap.ModSeq
	for i := range n {
		if opts.Reports(i+1, n-i) {
			highest = max(highest, imap.ModSeq(modSeqs[i]))
		}
	}
	if opts.Return&imap.SearchReturnCount == 0 && opts.Return != 0 && got.ModSeq != highest {
		t.Fatalf("MODSEQ %d, want %d", got.ModSeq, highest)
	}
	if opts.Return&imap.SearchReturnMin != 0 && got.UIDs.Min() != all.UIDs.Min() {
		t.Fatalf("MIN of %v, want that of %v", got.UIDs, all.UIDs)
	}
	if opts.Return&imap.SearchReturnMax != 0 && got.Seqs.Max() != all.Seqs.Max() {
		t.Fatalf("MAX of %v, want that of %v", got.Seqs, all.Seqs)
	}
	places := func(d *imapserver.SearchData) string {
		from, to := opts.Partial.Places(uint32(d.UIDs.Count()))
		return d.UIDs.Places(from, to).String()
	}
	if opts.Return&imap.SearchReturnPartial != 0 && places(got) != places(all) {
		t.Fatalf("PARTIAL %s of %v, want of %v", opts.Partial, got.UIDs, all.UIDs)
	}
}
