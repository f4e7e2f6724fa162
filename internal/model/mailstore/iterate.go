package mailstore

import (
	"iter"
	"math/bits"

	"github.com/mailstead/mailstead/imap"
)

func lowest(set uint64) uint { return uint(bits.TrailingZeros64(set)) }

// All yields all messages with their sequence numbers.
func (v *Version) All() iter.Seq2[imap.SeqNum, Entry] {
	return func(yield func(imap.SeqNum, Entry) bool) {
		v.eachPage(func(first imap.SeqNum, p *page) bool {
			return p.yield(p.present, first, yield)
		})
	}
}

// Seqs yields the messages with these sequence numbers. Numbers beyond Len
// are left out.
func (v *Version) Seqs(set imap.SeqSet) iter.Seq2[imap.SeqNum, Entry] {
	return func(yield func(imap.SeqNum, Entry) bool) {
		for _, r := range set {
			if !v.yieldRange(r.Start, min(r.Stop, v.Len()), yield) {
				return
			}
		}
	}
}

// UIDs yields the messages with these UIDs. UIDs that name no message are left
// out.
func (v *Version) UIDs(set imap.UIDSet) iter.Seq2[imap.SeqNum, Entry] {
	return func(yield func(imap.SeqNum, Entry) bool) {
		for _, r := range set {
			first, last := v.Seek(r.Start), v.Len()
			if r.Stop != ^imap.UID(0) {
				last = v.Seek(r.Stop+1) - 1
			}
			if !v.yieldRange(first, last, yield) {
				return
			}
		}
	}
}

// ChangedSince yields the messages whose MODSEQ is larger than since.
func (v *Version) ChangedSince(since imap.ModSeq) iter.Seq2[imap.SeqNum, Entry] {
	return func(yield func(imap.SeqNum, Entry) bool) {
		v.eachPage(func(first imap.SeqNum, p *page) bool {
			if p.maxMod <= since {
				return true
			}
			return p.yield(p.present, first, func(seq imap.SeqNum, e Entry) bool {
				return e.ModSeq <= since || yield(seq, e)
			})
		})
	}
}

// Having yields the messages that have a flag; it looks at bitmaps alone.
func (v *Version) Having(b FlagBit) iter.Seq2[imap.SeqNum, Entry] {
	return func(yield func(imap.SeqNum, Entry) bool) {
		v.eachPage(func(first imap.SeqNum, p *page) bool {
			return p.yield(p.having(b), first, yield)
		})
	}
}

// UIDSet returns the UIDs of all messages.
func (v *Version) UIDSet() imap.UIDSet {
	var set imap.UIDSet
	v.eachPage(func(_ imap.SeqNum, p *page) bool {
		addUIDs(&set, p.no, p.present)
		return true
	})
	return set
}

// eachPage calls fn for each page, with the sequence number of its first
// message, until fn returns false.
func (v *Version) eachPage(fn func(first imap.SeqNum, p *page) bool) {
	for i, c := range v.chunks {
		for j, p := range c.pages {
			if !fn(imap.SeqNum(v.starts[i]+c.starts[j])+1, p) {
				return
			}
		}
	}
}

// pagesIn calls fn for each page that has messages of set, until fn returns
// false; slots tells which.
func (v *Version) pagesIn(set imap.UIDSet, fn func(p *page, slots uint64) bool) {
	from := imap.UID(0)
	for len(set) > 0 {
		p := v.pageFrom(uint32(max(set[0].Start, from)) >> pageBits)
		if p == nil {
			return
		}
		for len(set) > 0 && set[0].Stop < p.firstUID() {
			set = set[1:]
		}
		if slots := slotsIn(set, p.no) & p.present; slots != 0 && !fn(p, slots) {
			return
		}
		from = p.firstUID() + pageUIDs
		if from == 0 {
			return
		}
		for len(set) > 0 && set[0].Stop < from {
			set = set[1:]
		}
	}
}

// pageFrom returns the first page whose number is at least no, or nil.
func (v *Version) pageFrom(no uint32) *page {
	i, found := v.findChunk(no >> chunkBits)
	if found {
		if j, _ := v.chunks[i].find(no); j < len(v.chunks[i].pages) {
			return v.chunks[i].pages[j]
		}
		i++
	}
	if i < len(v.chunks) {
		return v.chunks[i].pages[0]
	}
	return nil
}

// from returns the UIDs of set that are at least uid.
func from(set imap.UIDSet, uid imap.UID) imap.UIDSet {
	return set.Intersect(imap.UIDSet{{Start: uid, Stop: ^imap.UID(0)}})
}

// yield yields the messages of p that are in set. first is the sequence number
// of the first message of the page.
func (p *page) yield(set uint64, first imap.SeqNum, fn func(imap.SeqNum, Entry) bool) bool {
	if set == 0 {
		return true
	}
	e := Entry{page: p}
	i := p.rank(lowest(set))
	for rest := p.present &^ (set&-set - 1); rest != 0; rest &= rest - 1 {
		slot := lowest(rest)
		if set>>slot&1 != 0 {
			e.UID = p.firstUID() + imap.UID(slot)
			e.Flags = p.flags(slot)
			e.ModSeq = imap.ModSeq(p.value(colModSeq, i))
			e.rank = uint8(i)
			if !fn(first+imap.SeqNum(i), e) {
				return false
			}
		}
		i++
	}
	return true
}

// yieldRange yields the messages from first to last, both included.
func (v *Version) yieldRange(first, last imap.SeqNum, yield func(imap.SeqNum, Entry) bool) bool {
	if first == 0 || first > last {
		return true
	}
	n := uint32(first) - 1
	i := rankOf(v.starts, n)
	j := rankOf(v.chunks[i].starts, n-v.starts[i])
	for ; i < len(v.chunks); i, j = i+1, 0 {
		c := v.chunks[i]
		for ; j < len(c.pages); j++ {
			p := c.pages[j]
			start := imap.SeqNum(v.starts[i]+c.starts[j]) + 1
			if start > last {
				return true
			}
			if !p.yield(p.between(start, first, last), start, yield) {
				return false
			}
		}
	}
	return true
}

// between returns the messages of p with sequence numbers from first to last;
// start is that of the page's first message.
func (p *page) between(start, first, last imap.SeqNum) uint64 {
	set := p.present
	if first > start {
		set &= ^uint64(0) << p.slot(int(first-start))
	}
	if end := start + imap.SeqNum(p.count()) - 1; last < end {
		set &= 1<<p.slot(int(last-start)+1) - 1
	}
	return set
}

// addUIDs adds the messages at the bits of present in page no to set.
func addUIDs(set *imap.UIDSet, no uint32, present uint64) {
	base := imap.UID(no << pageBits)
	for present != 0 {
		from := lowest(present)
		run := uint(bits.TrailingZeros64(^(present >> from)))
		set.AddRange(base+imap.UID(from), base+imap.UID(from+run-1))
		if from+run >= pageUIDs {
			return
		}
		present &= ^uint64(0) << (from + run)
	}
}

// slotsIn returns the UIDs of set that fall into page no, as bits.
func slotsIn(set imap.UIDSet, no uint32) uint64 {
	var bitmap uint64
	low, high := imap.UID(no<<pageBits), imap.UID(no<<pageBits|(pageUIDs-1))
	for _, r := range set {
		if r.Stop < low {
			continue
		}
		if r.Start > high {
			break
		}
		from, to := max(r.Start, low)-low, min(r.Stop, high)-low
		bitmap |= (^uint64(0) << from) & (^uint64(0) >> (63 - to))
	}
	return bitmap
}
