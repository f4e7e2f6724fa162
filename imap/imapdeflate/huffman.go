package imapdeflate

// maxCodeBits is the length of the longest code (RFC 1951 §3.2.7).
const maxCodeBits = 15

// A huffman is a canonical code: how many symbols have codes of each length,
// and the symbols in the order of their codes (RFC 1951 §3.2.2).
type huffman struct {
	count   [maxCodeBits + 1]uint16
	symbols [288]uint16
}

// build makes the code of the given lengths. It reports whether they make one: a
// code may be incomplete only if it has a single symbol, or none.
func (h *huffman) build(lengths []uint8) bool {
	h.count = [maxCodeBits + 1]uint16{}
	for _, n := range lengths {
		h.count[n]++
	}
	used := len(lengths) - int(h.count[0])
	left := 1
	for n := 1; n <= maxCodeBits; n++ {
		if left = left<<1 - int(h.count[n]); left < 0 {
			return false
		}
	}
	if left > 0 && used > 0 && !(used == 1 && h.count[1] == 1) {
		return false
	}
	var offset [maxCodeBits + 2]uint16
	for n := 1; n <= maxCodeBits; n++ {
		offset[n+1] = offset[n] + h.count[n]
	}
	for symbol, n := range lengths {
		if n != 0 {
			h.symbols[offset[n]] = uint16(symbol)
			offset[n]++
		}
	}
	return true
}

// Outcomes of decode that are no symbols.
const (
	needBits = -1 // the code is longer than what there is
	noCode   = -2
)

// decode returns the symbol that b begins with, and takes its bits.
func (h *huffman) decode(b *bits) int {
	code, first, index := 0, 0, 0
	v := b.v
	for n := uint(1); n <= maxCodeBits; n++ {
		if n > b.n {
			return needBits
		}
		code |= int(v & 1)
		v >>= 1
		count := int(h.count[n])
		if code-count < first {
			b.take(n)
			return int(h.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return noCode
}

// bits are bits that have been taken from the input, the first one lowest.
type bits struct {
	v uint64
	n uint
}

// fill takes whole bytes of src while there is room, and returns how many.
func (b *bits) fill(src []byte) int {
	i := 0
	for b.n <= 56 && i < len(src) {
		b.v |= uint64(src[i]) << b.n
		b.n += 8
		i++
	}
	return i
}

// take takes n bits, which must be there.
func (b *bits) take(n uint) uint32 {
	v := uint32(b.v & (1<<n - 1))
	b.v >>= n
	b.n -= n
	return v
}
