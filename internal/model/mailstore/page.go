package mailstore

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/mailstead/mailstead/imap"
)

// pageBits is the logarithm of how many UIDs share a page of the index.
const pageBits = 6

// pageUIDs is how many UIDs share a page of the index: as many as a word has
// bits.
const pageUIDs = 1 << pageBits

// A page is the index of the messages whose UIDs differ only in the lowest six
// bits. It is immutable, and stays in memory in its stored form: flags are a
// bitmap for each flag that occurs, the other columns are numbers of a fixed
// width above the column's minimum. So a field is read without decoding what
// stands before it.
type page struct {
	no      uint32 // UID >> pageBits
	present uint64 // bit i: the message with UID no<<pageBits + i exists
	marks   []mark // by rising bit
	cols    [columns]column
	data    []byte // the stored form, and padding
	maxMod  imap.ModSeq
}

// A mark says which messages of a page have a flag.
type mark struct {
	set uint64
	bit FlagBit
}

// A column is where the values of one field are in the page's data.
type column struct {
	min    int64
	offset uint16
	width  uint8 // bytes of a value; 0 if all are min
}

// The columns of a page. Some hold a difference to another, which is mostly
// zero or small.
const (
	colModSeq = iota
	colSize
	colInternal     // seconds since 1970
	colInternalZone // minutes east of Greenwich
	colSave         // minus colInternal
	colSent         // minus colInternal
	colSentZone
	colInstance
	colRecord // minus colInstance
	columns
)

// padding lets a value of any width be loaded as eight bytes.
const padding = 7

// value returns field c of the message at rank i among those of the page.
func (p *page) value(c, i int) int64 {
	col := &p.cols[c]
	if col.width == 0 {
		return col.min
	}
	at := int(col.offset) + i*int(col.width)
	v := binary.LittleEndian.Uint64(p.data[at:])
	return col.min + int64(v&(^uint64(0)>>(64-8*uint(col.width))))
}

// count returns how many messages the page has.
func (p *page) count() int { return bits.OnesCount64(p.present) }

// having returns the messages that have a flag.
func (p *page) having(b FlagBit) uint64 {
	for _, m := range p.marks {
		if m.bit == b {
			return m.set
		}
	}
	return 0
}

func (p *page) unseen() int { return bits.OnesCount64(p.present &^ p.having(Seen)) }

func (p *page) firstUID() imap.UID { return imap.UID(p.no << pageBits) }

// flags returns the flags of the message at bit slot.
func (p *page) flags(slot uint) Flags {
	var f Flags
	for _, m := range p.marks {
		if m.bit < 64 {
			f.low |= (m.set >> slot & 1) << m.bit
		} else {
			f.high |= (m.set >> slot & 1) << (m.bit - 64)
		}
	}
	return f
}

// used returns the flags that at least one message has.
func (p *page) used() Flags {
	var f Flags
	for _, m := range p.marks {
		f = f.with(m.bit)
	}
	return f
}

// rank returns how many messages of the page come before bit slot.
func (p *page) rank(slot uint) int { return bits.OnesCount64(p.present & (1<<slot - 1)) }

// slot returns the bit of the message at rank i.
func (p *page) slot(i int) uint {
	first := lowest(p.present)
	if run := p.present >> first; run&(run+1) == 0 { // without gaps, as most are
		return first + uint(i)
	}
	rest := p.present
	for ; i > 0; i-- {
		rest &= rest - 1
	}
	return uint(bits.TrailingZeros64(rest))
}

// entry returns the message at bit slot, which has the rank i.
func (p *page) entry(slot uint, i int) Entry {
	return Entry{
		UID:    p.firstUID() + imap.UID(slot),
		ModSeq: imap.ModSeq(p.value(colModSeq, i)),
		Flags:  p.flags(slot),
		page:   p,
		rank:   uint8(i),
	}
}

// memory is about how many bytes the page takes.
func (p *page) memory() int64 { return int64(cap(p.data)) + 16*int64(len(p.marks)) + 240 }

// An Entry is a message in a [Version]. It is small, and its methods read the
// index page, never the disk.
type Entry struct {
	UID    imap.UID
	ModSeq imap.ModSeq
	Flags  Flags

	page *page
	rank uint8
}

// Size returns RFC822.SIZE: the octets of the message with its prefix.
func (e Entry) Size() int64 { return e.page.value(colSize, int(e.rank)) }

// InternalDate returns when the message was received (RFC 9051 §2.3.3), in the
// zone that it was given in.
func (e Entry) InternalDate() time.Time {
	return inZone(e.page.value(colInternal, int(e.rank)), e.page.value(colInternalZone, int(e.rank)))
}

// InternalSeconds returns InternalDate in seconds since 1970, at less cost.
func (e Entry) InternalSeconds() int64 { return e.page.value(colInternal, int(e.rank)) }

// SaveDate returns when the message came into this mailbox (RFC 8514 §4).
func (e Entry) SaveDate() time.Time {
	i := int(e.rank)
	return time.Unix(e.page.value(colInternal, i)+e.page.value(colSave, i), 0).UTC()
}

// SentDate returns the date of the Date field in its own zone, as SENTBEFORE
// and SORT want it (RFC 9051 §6.4.4, RFC 5256 §2.2); the internal date if the
// message has none that can be read.
func (e Entry) SentDate() time.Time {
	i := int(e.rank)
	sent := e.page.value(colInternal, i) + e.page.value(colSent, i)
	return inZone(sent, e.page.value(colSentZone, i))
}

// SentSeconds returns SentDate in seconds since 1970, at less cost.
func (e Entry) SentSeconds() int64 {
	return e.InternalSeconds() + e.page.value(colSent, int(e.rank))
}

// Instance returns the id of this message in this mailbox.
func (e Entry) Instance() InstanceID {
	return InstanceID(e.page.value(colInstance, int(e.rank)))
}

// Record returns the id of the message's content.
func (e Entry) Record() RecordID {
	i := int(e.rank)
	return RecordID(e.page.value(colInstance, i) + e.page.value(colRecord, i))
}

func inZone(seconds, minutes int64) time.Time {
	t := time.Unix(seconds, 0)
	if minutes == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", int(minutes)*60))
}
