package message

import "iter"

// FieldNames are names of header fields, which [Header.Select] looks for.
type FieldNames struct {
	names  []string
	starts [4]uint64 // a bit for each octet that one of them may begin with
}

// NewFieldNames returns a set of names, whose case does not matter.
func NewFieldNames(names ...string) *FieldNames {
	n := &FieldNames{names: names}
	for _, name := range names {
		if name == "" {
			continue // nothing has it
		}
		for _, c := range [2]byte{lowerASCII(name[0]), upperASCII(name[0])} {
			n.starts[c/64] |= 1 << (c % 64)
		}
	}
	return n
}

// find returns which of the names f has, -1 if none.
func (n *FieldNames) find(f Field) int {
	for i, name := range n.names {
		if f.Is(name) {
			return i
		}
	}
	return -1
}

// Select yields those fields of [Header.Fields] that have one of the names, and
// which of them. It passes over most of the other lines by their first octets.
func (h Header) Select(n *FieldNames) iter.Seq2[int, Field] {
	return func(yield func(int, Field) bool) {
		for rest := h; len(rest) > 0 && !startsBlank(rest); {
			c := rest[0]
			if n.starts[c/64]>>(c%64)&1 == 0 {
				rest = rest[lineLen(rest):]
				continue
			}
			f := Field{rest, headOf(rest)}
			i := n.find(f)
			if i < 0 {
				rest = rest[lineLen(rest):]
				continue
			}
			end, _ := fieldEnd(rest)
			f.Raw, rest = rest[:end:end], rest[end:]
			if !yield(i, f) {
				return
			}
		}
	}
}
