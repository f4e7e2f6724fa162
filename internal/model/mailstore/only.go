package mailstore

import "github.com/mailstead/mailstead/imap"

// Only returns v with those of its messages alone that are in uids. It is what
// a session shows whose client does not want to hear of others.
func (v *Version) Only(uids imap.UIDSet) *Version {
	var cut []*page
	for _, c := range v.chunks {
		for _, p := range c.pages {
			for len(uids) > 0 && uids[0].Stop < p.firstUID() {
				uids = uids[1:]
			}
			if keep := slotsIn(uids, p.no) & p.present; keep != p.present {
				cut = append(cut, p.only(keep))
			}
		}
	}
	if len(cut) == 0 {
		return v
	}
	return v.with(v.box, cut)
}

// only returns the page with some of its messages.
func (p *page) only(keep uint64) *page {
	var buf [pageUIDs]row
	rows := buf[:0]
	for ; keep != 0; keep &= keep - 1 {
		slot := lowest(keep)
		rows = append(rows, p.row(slot, p.rank(slot)))
	}
	return newPage(p.no, rows)
}
