package mailstore

import "sync"

// smallBuffer is what an incoming message first gets; most mail fits.
const smallBuffer = 16 << 10

// buffers lends the memory that incoming messages are held in.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, smallBuffer)
}

// put takes a buffer back. Whoever calls it must not use it any more.
func (b *buffers) put(p []byte) {
	if cap(p) > 0 {
		b.pool.Put(&p)
	}
}
