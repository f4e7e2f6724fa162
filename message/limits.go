package message

// Limits bound what a scanner keeps of a message. A zero field means its
// default. A message beyond a limit is still scanned to its end; what does not
// fit is left out and [Structure].Truncated is set.
type Limits struct {
	// Depth is how deep parts may nest; the root is at depth 1. Default 50,
	// at most 100.
	Depth int
	// Parts is the number of parts. Default 2000.
	Parts int
	// Header is how many octets of one part's header are looked at for fields.
	// Default 256 KB.
	Header int
	// Text is how many octets of header values are kept for all parts
	// together. Default 512 KB.
	Text int
	// Addresses is the number of addresses kept in all envelopes. Default 10000.
	Addresses int
}

// maxDepth bounds recursion, whatever the limits say.
const maxDepth = 100

func (l Limits) withDefaults() Limits {
	l.Depth = min(orDefault(l.Depth, 50), maxDepth)
	l.Parts = orDefault(l.Parts, 2000)
	l.Header = orDefault(l.Header, 256<<10)
	l.Text = orDefault(l.Text, 512<<10)
	l.Addresses = orDefault(l.Addresses, 10000)
	return l
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}
