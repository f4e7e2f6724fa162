package mailstore

import (
	"cmp"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// chunkBits is the logarithm of how many page numbers share a chunk.
const chunkBits = 8

// A chunk holds the pages of neighbouring numbers that have messages. It is
// immutable: changing one message of a large mailbox copies its page, the
// pointers of its chunk and the list of chunks, a few kilobytes in all.
type chunk struct {
	no     uint32 // page number >> chunkBits
	pages  []*page
	starts []uint32 // messages of the chunk before each page
	count  uint32
	unseen uint32
	maxMod imap.ModSeq
	memory int64
}

func newChunk(no uint32, pages []*page) *chunk {
	c := &chunk{no: no, pages: pages, starts: make([]uint32, len(pages))}
	for i, p := range pages {
		c.starts[i] = c.count
		c.count += uint32(p.count())
		c.unseen += uint32(p.unseen())
		c.maxMod = max(c.maxMod, p.maxMod)
		c.memory += p.memory() + 12
	}
	return c
}

// find returns the index of the first page whose number is at least no.
func (c *chunk) find(no uint32) (int, bool) {
	return slices.BinarySearchFunc(c.pages, no, func(p *page, no uint32) int { return cmp.Compare(p.no, no) })
}

// with returns the chunk with some pages replaced, added or, where they are
// empty, removed. changed is in order of page number. If no page is left it
// returns nil.
func (c *chunk) with(changed []*page) *chunk {
	pages := mergePages(c.pages, changed)
	if len(pages) == 0 {
		return nil
	}
	return newChunk(c.no, pages)
}

func mergePages(old, changed []*page) []*page {
	out := make([]*page, 0, len(old)+len(changed))
	for _, p := range changed {
		for len(old) > 0 && old[0].no < p.no {
			out = append(out, old[0])
			old = old[1:]
		}
		if len(old) > 0 && old[0].no == p.no {
			old = old[1:]
		}
		if p.present != 0 {
			out = append(out, p)
		}
	}
	return append(out, old...)
}

// rankOf returns the index in starts of the run that has the message at place
// n, where starts has the number of messages before each run.
func rankOf(starts []uint32, n uint32) int {
	i, found := slices.BinarySearch(starts, n)
	if !found {
		i--
	}
	return i
}
