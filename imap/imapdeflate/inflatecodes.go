package imapdeflate

// A base is the least value of a symbol, and how many extra bits are added
// (RFC 1951 §3.2.5).
type base struct {
	least uint16
	extra uint8
}

// lengthBases are those of the symbols from 257 on.
var lengthBases = [...]base{
	{3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0},
	{11, 1}, {13, 1}, {15, 1}, {17, 1}, {19, 2}, {23, 2}, {27, 2}, {31, 2},
	{35, 3}, {43, 3}, {51, 3}, {59, 3}, {67, 4}, {83, 4}, {99, 4}, {115, 4},
	{131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0},
}

var distanceBases = [...]base{
	{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 1}, {7, 1}, {9, 2}, {13, 2},
	{17, 3}, {25, 3}, {33, 4}, {49, 4}, {65, 5}, {97, 5}, {129, 6}, {193, 6},
	{257, 7}, {385, 7}, {513, 8}, {769, 8}, {1025, 9}, {1537, 9}, {2049, 10}, {3073, 10},
	{4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13},
}

// endOfBlock is the symbol that ends a block.
const endOfBlock = 256

// codes takes the symbols of a compressed block: bytes, and matches with what
// came before. A match has at most 48 bits: it is taken whole, or left.
func (z *Inflater) codes(o *output) (bool, error) {
	moved := false
	for !o.full() {
		o.src = o.src[z.bits.fill(o.src):]
		b := z.bits
		symbol := z.lit.decode(&b)
		switch {
		case symbol < 0:
			return moved, undecided(symbol)
		case symbol < endOfBlock:
			z.bits = b
			z.emit(o, byte(symbol))
			moved = true
			continue
		case symbol == endOfBlock:
			z.bits = b
			z.endBlock()
			return true, nil
		}
		ok, err := z.match(&b, symbol-endOfBlock-1)
		if !ok {
			return moved, err
		}
		z.bits = b
		z.step = (*Inflater).copyMatch
		return true, nil
	}
	return moved, nil
}

// match takes the rest of a match; ok is false if it is not all there.
func (z *Inflater) match(b *bits, symbol int) (ok bool, err error) {
	if symbol >= len(lengthBases) {
		return false, ErrCorrupt
	}
	length := lengthBases[symbol]
	if b.n < uint(length.extra) {
		return false, nil
	}
	z.length = int(length.least) + int(b.take(uint(length.extra)))
	symbol = z.dist.decode(b)
	if symbol < 0 {
		return false, undecided(symbol)
	}
	if symbol >= len(distanceBases) {
		return false, ErrCorrupt
	}
	distance := distanceBases[symbol]
	if b.n < uint(distance.extra) {
		return false, nil
	}
	z.where = int(distance.least) + int(b.take(uint(distance.extra)))
	if z.where > len(z.window) {
		return false, ErrCorrupt
	}
	return true, nil
}

// copyMatch copies what came before.
func (z *Inflater) copyMatch(o *output) (bool, error) {
	for z.length > 0 {
		if o.full() {
			return false, nil
		}
		from := len(z.window) - z.where
		if len(z.window) == windowSize {
			from = (z.at + from) % windowSize
		}
		z.emit(o, z.window[from])
		z.length--
	}
	z.step = (*Inflater).codes
	return true, nil
}
