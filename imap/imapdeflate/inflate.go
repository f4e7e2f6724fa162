package imapdeflate

import (
	"errors"
	"io"
)

// ErrCorrupt says that what the peer sends is not DEFLATE.
var ErrCorrupt = errors.New("imapdeflate: corrupt input")

const windowSize = 32 << 10 // how far back a match may reach (RFC 1951 §2)

// An Inflater decompresses a stream of DEFLATE that comes piece by piece. Its
// zero value is at the start of a stream.
type Inflater struct {
	bits  bits
	step  func(*Inflater, *output) (bool, error) // nil: a block begins
	final bool                                   // the block is the last
	ended bool                                   // the stream is
	empty bool                                   // the last block had nothing

	window []byte // the last bytes that came out, as a ring when it is full
	at     int    // in a full ring, the oldest byte

	stored        int // bytes left of a stored block
	length, where int // rest of a match, and its distance

	lit, dist     huffman
	lengths       [320]uint8 // of the codes of a dynamic block, while it begins
	nlit, ndist   int
	ncode, filled int
}

// output is where bytes go.
type output struct {
	dst []byte
	n   int
	src []byte // what has not gone into bits
}

func (o *output) full() bool { return o.n == len(o.dst) }

// Inflate decompresses from src into dst as much as it can, and returns how much
// of either it has used. It stops at a flush, if there was something before it:
// what follows may be meant for another layer. If nothing comes out, it needs more
// input. At the end of the stream it returns io.EOF.
func (z *Inflater) Inflate(dst, src []byte) (nDst, nSrc int, err error) {
	return z.run(&output{dst: dst, src: src}, false)
}

// InflateToFlush is Inflate, but it stops at the first flush.
func (z *Inflater) InflateToFlush(dst, src []byte) (nDst, nSrc int, err error) {
	return z.run(&output{dst: dst, src: src}, true)
}

func (z *Inflater) run(o *output, toFlush bool) (nDst, nSrc int, err error) {
	size := len(o.src)
	for err == nil && !z.ended && !((toFlush || o.n > 0) && z.AtFlush()) {
		o.src = o.src[z.bits.fill(o.src):]
		step := z.step
		if step == nil {
			step = (*Inflater).header
		}
		var moved bool
		if moved, err = step(z, o); !moved {
			break
		}
	}
	if err == nil && z.ended {
		err = io.EOF
	}
	return o.n, size - len(o.src), err
}

// Rest returns the bytes behind the end of the stream, or behind a flush, that
// Inflate has taken all the same.
func (z *Inflater) Rest() []byte {
	b := z.bits
	b.take(b.n % 8)
	var rest []byte
	for b.n > 0 {
		rest = append(rest, byte(b.take(8)))
	}
	return rest
}

// AtFlush reports whether the stream has ended, or an empty block was the last
// thing in it, which is how a peer flushes.
func (z *Inflater) AtFlush() bool { return z.ended || z.step == nil && z.empty }

// endBlock ends a block.
func (z *Inflater) endBlock() {
	z.step = nil
	z.ended = z.final
}

// emit puts a byte out, and into the window.
func (z *Inflater) emit(o *output, c byte) {
	o.dst[o.n] = c
	o.n++
	z.empty = false
	if len(z.window) < windowSize {
		if len(z.window) == cap(z.window) {
			z.growWindow()
		}
		z.window = append(z.window, c)
		return
	}
	z.window[z.at] = c
	z.at = (z.at + 1) % windowSize
}

// growWindow doubles the window: most peers never send as much as it can hold.
func (z *Inflater) growWindow() {
	larger := make([]byte, len(z.window), min(max(256, 2*cap(z.window)), windowSize))
	copy(larger, z.window)
	z.window = larger
}

// header takes the three bits that a block begins with (RFC 1951 §3.2.3).
func (z *Inflater) header(*output) (bool, error) {
	if z.bits.n < 3 {
		return false, nil
	}
	z.final = z.bits.take(1) == 1
	z.empty = true
	switch z.bits.take(2) {
	case 0:
		z.step = (*Inflater).storedHeader
	case 1:
		z.fixedCodes()
		z.step = (*Inflater).codes
	case 2:
		z.step = (*Inflater).dynamicHeader
	default:
		return false, ErrCorrupt
	}
	return true, nil
}

// storedHeader takes the length of a block without compression (§3.2.4).
func (z *Inflater) storedHeader(*output) (bool, error) {
	pad := z.bits.n % 8
	if z.bits.n-pad < 32 {
		return false, nil
	}
	z.bits.take(pad)
	n := z.bits.take(16)
	if n != ^z.bits.take(16)&0xffff {
		return false, ErrCorrupt
	}
	z.stored = int(n)
	z.step = (*Inflater).storedBytes
	return true, nil
}

func (z *Inflater) storedBytes(o *output) (bool, error) {
	if z.stored == 0 {
		z.endBlock()
		return true, nil
	}
	if o.full() || z.bits.n == 0 {
		return false, nil
	}
	for z.stored > 0 && z.bits.n > 0 && !o.full() {
		z.emit(o, byte(z.bits.take(8)))
		z.stored--
	}
	return true, nil
}

// fixedCodes makes the codes of §3.2.6.
func (z *Inflater) fixedCodes() {
	lengths := &z.lengths
	for i := range 288 {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	z.lit.build(lengths[:288])
	for i := range 32 {
		lengths[i] = 5
	}
	z.dist.build(lengths[:32])
}

// Limits of the alphabets (§3.2.5).
const (
	maxLit  = 286
	maxDist = 30
)

// codeOrder is the order in which the lengths of the code lengths come (§3.2.7).
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamicHeader takes the sizes of the codes of a block (§3.2.7).
func (z *Inflater) dynamicHeader(*output) (bool, error) {
	if z.bits.n < 14 {
		return false, nil
	}
	z.nlit = int(z.bits.take(5)) + 257
	z.ndist = int(z.bits.take(5)) + 1
	z.ncode = int(z.bits.take(4)) + 4
	if z.nlit > maxLit || z.ndist > maxDist {
		return false, ErrCorrupt
	}
	z.filled = 0
	z.lengths = [320]uint8{}
	z.step = (*Inflater).codeLengths
	return true, nil
}

// codeLengths takes the lengths of the code that the other lengths are in.
func (z *Inflater) codeLengths(*output) (bool, error) {
	if z.filled < z.ncode {
		if z.bits.n < 3 {
			return false, nil
		}
		z.lengths[codeOrder[z.filled]] = uint8(z.bits.take(3))
		z.filled++
		return true, nil
	}
	if !z.lit.build(z.lengths[:len(codeOrder)]) {
		return false, ErrCorrupt
	}
	z.filled = 0
	z.lengths = [320]uint8{}
	z.step = (*Inflater).symbolLengths
	return true, nil
}

// symbolLengths takes one length, or several that are alike, of the two codes of
// a block.
func (z *Inflater) symbolLengths(*output) (bool, error) {
	if z.filled == z.nlit+z.ndist {
		if !z.lit.build(z.lengths[:z.nlit]) || !z.dist.build(z.lengths[z.nlit:z.filled]) {
			return false, ErrCorrupt
		}
		z.step = (*Inflater).codes
		return true, nil
	}
	b := z.bits
	symbol := z.lit.decode(&b)
	if symbol < 0 {
		return false, undecided(symbol)
	}
	extra, least := uint(0), 1
	switch symbol {
	case 16:
		extra, least = 2, 3
	case 17:
		extra, least = 3, 3
	case 18:
		extra, least = 7, 11
	}
	if b.n < extra {
		return false, nil
	}
	n := least + int(b.take(extra))
	value := uint8(0)
	switch {
	case symbol < 16:
		value = uint8(symbol)
	case symbol == 16 && z.filled == 0:
		return false, ErrCorrupt
	case symbol == 16:
		value = z.lengths[z.filled-1]
	}
	if z.filled+n > z.nlit+z.ndist {
		return false, ErrCorrupt
	}
	for range n {
		z.lengths[z.filled] = value
		z.filled++
	}
	z.bits = b
	return true, nil
}

func undecided(symbol int) error {
	if symbol == noCode {
		return ErrCorrupt
	}
	return nil
}
