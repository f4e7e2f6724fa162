package imapsession

// A keyArena gets memory for many small values at once. What it keeps stays
// valid.
type keyArena struct{ free []byte }

// keyChunk is how many octets values get memory for at once.
const keyChunk = 32 << 10

// begin returns where the next value may be appended to.
func (a *keyArena) begin() []byte {
	if cap(a.free) < keyChunk/8 {
		a.free = make([]byte, 0, keyChunk)
	}
	return a.free
}

// keep keeps a value that was appended to what begin returned.
func (a *keyArena) keep(value []byte) []byte {
	if len(value) > cap(a.free) { // it was too long, and has memory of its own
		return value
	}
	a.free = value[len(value):]
	return value[:len(value):len(value)]
}
