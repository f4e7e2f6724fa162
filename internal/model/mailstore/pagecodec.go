package mailstore

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
)

// A page is stored as
//
//	1 byte   format
//	8 bytes  present
//	1 byte   number of marks; for each mark
//	    1 byte   flag bit, plus markAll if all messages have it
//	    8 bytes  set, unless markAll
//	for each column
//	    varint   min
//	    1 byte   width
//	for each column
//	    count × width bytes
//
// with integers in little endian.
const (
	pageFormat = 1
	markAll    = 0x80
	maxPage    = 1 + 8 + 1 + 128*9 + columns*(10+1) + columns*8*pageUIDs
)

// A row is a message of a page taken apart, to be changed.
type row struct {
	uid                    imap.UID
	flags                  Flags
	modSeq                 imap.ModSeq
	size                   int64
	internal, save, sent   int64 // seconds since 1970
	internalZone, sentZone int16 // minutes east of Greenwich
	instance               InstanceID
	record                 RecordID
}

// setDates sets internal and sent date.
func (r *row) setDates(internal, sent time.Time) {
	r.internal, r.internalZone = secondsAndZone(internal)
	r.sent, r.sentZone = secondsAndZone(sent)
}

func secondsAndZone(t time.Time) (int64, int16) {
	_, offset := t.Zone()
	return t.Unix(), int16(offset / 60)
}

// appendRows appends the page's messages in order of UID.
func (p *page) appendRows(rows []row) []row {
	i := 0
	for rest := p.present; rest != 0; rest &= rest - 1 {
		rows = append(rows, p.row(uint(bits.TrailingZeros64(rest)), i))
		i++
	}
	return rows
}

func (p *page) row(slot uint, i int) row {
	internal, instance := p.value(colInternal, i), p.value(colInstance, i)
	return row{
		uid:          p.firstUID() + imap.UID(slot),
		flags:        p.flags(slot),
		modSeq:       imap.ModSeq(p.value(colModSeq, i)),
		size:         p.value(colSize, i),
		internal:     internal,
		save:         internal + p.value(colSave, i),
		sent:         internal + p.value(colSent, i),
		internalZone: int16(p.value(colInternalZone, i)),
		sentZone:     int16(p.value(colSentZone, i)),
		instance:     InstanceID(instance),
		record:       RecordID(instance + p.value(colRecord, i)),
	}
}

// fields returns the values of the columns of r.
func (r *row) fields() [columns]int64 {
	return [columns]int64{
		colModSeq:       int64(r.modSeq),
		colSize:         r.size,
		colInternal:     r.internal,
		colInternalZone: int64(r.internalZone),
		colSave:         r.save - r.internal,
		colSent:         r.sent - r.internal,
		colSentZone:     int64(r.sentZone),
		colInstance:     int64(r.instance),
		colRecord:       int64(r.record) - int64(r.instance),
	}
}

// newPage makes a page of rows, which are in order of UID and belong to page
// no. Without rows, present is zero: the page is to be removed.
func newPage(no uint32, rows []row) *page {
	p := &page{no: no}
	var fields [pageUIDs][columns]int64
	for i := range rows {
		p.present |= 1 << (rows[i].uid % pageUIDs)
		fields[i] = rows[i].fields()
		p.maxMod = max(p.maxMod, rows[i].modSeq)
	}
	p.marks = marksOf(rows)
	buf := p.appendHead(make([]byte, 0, 96+14*len(rows)))
	for c := range columns {
		p.cols[c] = spread(fields[:len(rows)], c)
		buf = binary.AppendVarint(buf, p.cols[c].min)
		buf = append(buf, p.cols[c].width)
	}
	for c := range columns {
		p.cols[c].offset = uint16(len(buf))
		for i := range rows {
			buf = appendWidth(buf, uint64(fields[i][c]-p.cols[c].min), p.cols[c].width)
		}
	}
	p.data = append(buf, make([]byte, padding)...)
	return p
}

// with returns the page with another message behind all others, as newPage
// would make it; nil if that does not fit into the columns as they are, or has
// a flag that no other has. It is for the usual delivery: it neither takes the
// page apart nor needs a large stack.
func (p *page) with(r *row) *page {
	fields := r.fields()
	if p.present == 0 || !p.fits(&fields) {
		return nil
	}
	next := &page{
		no:      p.no,
		present: p.present | 1<<(r.uid%pageUIDs),
		cols:    p.cols,
		maxMod:  max(p.maxMod, r.modSeq),
	}
	var ok bool
	if next.marks, ok = marksWith(p.marks, r); !ok {
		return nil
	}
	// Each column grows by one value, and a mark may get a set of its own.
	buf := next.appendHead(make([]byte, 0, len(p.data)+8*(columns+len(p.marks))))
	for _, col := range p.cols {
		buf = binary.AppendVarint(buf, col.min)
		buf = append(buf, col.width)
	}
	n := p.count()
	for c, col := range p.cols {
		next.cols[c].offset = uint16(len(buf))
		buf = append(buf, p.data[col.offset:int(col.offset)+n*int(col.width)]...)
		buf = appendWidth(buf, uint64(fields[c]-col.min), col.width)
	}
	next.data = append(buf, make([]byte, padding)...)
	return next
}

// withAll returns the page with other messages behind all others.
func (p *page) withAll(rows []row) *page {
	var buf [pageUIDs]row
	return newPage(p.no, append(p.appendRows(buf[:0]), rows...))
}

// fits tells whether the columns as they are have room for values.
func (p *page) fits(fields *[columns]int64) bool {
	for c, col := range p.cols {
		if fields[c] < col.min || bits.Len64(uint64(fields[c]-col.min)) > 8*int(col.width) {
			return false
		}
	}
	return true
}

// marksWith returns marks with the flags of r added, unless there is one among
// them that marks do not have.
func marksWith(marks []mark, r *row) ([]mark, bool) {
	rest := r.flags
	with := slices.Clone(marks)
	for i, m := range with {
		if r.flags.Has(m.bit) {
			with[i].set |= 1 << (r.uid % pageUIDs)
			rest = rest.minus(Flags{}.with(m.bit))
		}
	}
	return with, rest.Empty()
}

func (p *page) appendHead(buf []byte) []byte {
	buf = append(buf, pageFormat)
	buf = binary.LittleEndian.AppendUint64(buf, p.present)
	buf = append(buf, byte(len(p.marks)))
	for _, m := range p.marks {
		if m.set == p.present {
			buf = append(buf, byte(m.bit)|markAll)
			continue
		}
		buf = append(buf, byte(m.bit))
		buf = binary.LittleEndian.AppendUint64(buf, m.set)
	}
	return buf
}

// marksOf turns the flags of rows into a bitmap for each flag.
func marksOf(rows []row) []mark {
	var used Flags
	for i := range rows {
		used = used.union(rows[i].flags)
	}
	if used.Empty() {
		return nil
	}
	marks := make([]mark, 0, bits.OnesCount64(used.low)+bits.OnesCount64(used.high))
	used.each(func(b FlagBit) {
		m := mark{bit: b}
		for i := range rows {
			if rows[i].flags.Has(b) {
				m.set |= 1 << (rows[i].uid % pageUIDs)
			}
		}
		marks = append(marks, m)
	})
	return marks
}

// spread finds minimum and width of column c.
func spread(fields [][columns]int64, c int) column {
	if len(fields) == 0 {
		return column{}
	}
	low, high := fields[0][c], fields[0][c]
	for i := range fields[1:] {
		low, high = min(low, fields[i+1][c]), max(high, fields[i+1][c])
	}
	return column{min: low, width: uint8((bits.Len64(uint64(high-low)) + 7) / 8)}
}

func appendWidth(buf []byte, v uint64, width uint8) []byte {
	for ; width > 0; width-- {
		buf = append(buf, byte(v))
		v >>= 8
	}
	return buf
}

// stored returns the bytes to store.
func (p *page) stored() []byte { return p.data[:len(p.data)-padding] }

// parsePage reads a stored page. It keeps a copy of stored, not stored itself.
func parsePage(no uint32, stored []byte) (*page, error) {
	p := &page{no: no, data: make([]byte, len(stored)+padding)}
	copy(p.data, stored)
	rest, err := p.parseHead(p.data[:len(stored)])
	if err == nil {
		err = p.parseColumns(rest, len(stored))
	}
	if err != nil {
		return nil, err
	}
	for i := range p.count() {
		p.maxMod = max(p.maxMod, imap.ModSeq(p.value(colModSeq, i)))
	}
	return p, nil
}

func (p *page) parseHead(b []byte) ([]byte, error) {
	if len(b) < 10 || b[0] != pageFormat || len(b) > maxPage {
		return nil, fmt.Errorf("%w: head of page %d", ErrCorrupt, p.no)
	}
	p.present = binary.LittleEndian.Uint64(b[1:])
	n := int(b[9])
	b = b[10:]
	if n > 0 {
		p.marks = make([]mark, n)
	}
	last := -1
	for i := range p.marks {
		var ok bool
		if p.marks[i], b, ok = parseMark(b, p.present); !ok || int(p.marks[i].bit) <= last {
			return nil, fmt.Errorf("%w: flags of page %d", ErrCorrupt, p.no)
		}
		last = int(p.marks[i].bit)
	}
	return b, nil
}

func parseMark(b []byte, present uint64) (m mark, rest []byte, ok bool) {
	if len(b) == 0 {
		return m, b, false
	}
	m = mark{bit: FlagBit(b[0] &^ markAll), set: present}
	if b[0]&markAll != 0 {
		return m, b[1:], true
	}
	if len(b) < 9 {
		return m, b, false
	}
	m.set = binary.LittleEndian.Uint64(b[1:])
	return m, b[9:], m.set&^present == 0
}

// parseColumns finds where the columns are. b ends where the page of size
// bytes ends.
func (p *page) parseColumns(b []byte, size int) error {
	need := 0
	for c := range columns {
		low, n := binary.Varint(b)
		if n <= 0 || n >= len(b) || b[n] > 8 {
			return fmt.Errorf("%w: columns of page %d", ErrCorrupt, p.no)
		}
		p.cols[c] = column{min: low, width: b[n]}
		need += int(b[n]) * p.count()
		b = b[n+1:]
	}
	if len(b) != need {
		return fmt.Errorf("%w: length of page %d", ErrCorrupt, p.no)
	}
	offset := size - need
	for c := range columns {
		p.cols[c].offset = uint16(offset)
		offset += int(p.cols[c].width) * p.count()
	}
	return nil
}
