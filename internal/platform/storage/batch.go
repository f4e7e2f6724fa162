package storage

import "bytes"

// An OpKind says what one operation of a batch does.
type OpKind uint8

// The operations of a batch. Engines apply them in the order in which they
// were added; assertions are all checked before anything is written, against
// the state before the batch.
const (
	OpAssert       OpKind = iota + 1 // Key must have exactly Value
	OpAssertAbsent                   // Key must not exist
	OpSet
	OpDelete
	OpDeleteRange // from Key up to but excluding Value
	OpAppendBlob  // Blob gets what Stored says
	OpAppendStaged
	OpDeleteBlob
)

// An Op is one operation of a batch. Key and Value belong to the batch. Stored
// of OpAppendBlob is the encoded content in pieces, and Size that of the content
// itself.
type Op struct {
	Kind   OpKind
	Key    []byte
	Value  []byte
	Stored [][]byte
	Size   int64
	Blob   BlobID
	Staged Staged
}

// A Batch collects operations that commit together. It copies keys and
// values, but not the content of blobs: that must stay unchanged until the
// commit has returned.
type Batch struct {
	ops      []Op
	arena    []byte
	size     int
	tooLarge bool
	reserved bool
	blobs    BlobSource
}

// A BlobSource is what a batch asks of its engine.
type BlobSource interface {
	// NextID allocates the ID of a blob.
	NextID() BlobID
	// Encode returns content as the engine wants it in the operation, in
	// pieces, which may be parts of content. It is called where the batch is
	// built, so that the work of compressing is done by the writers, side by
	// side, and not by the committer.
	Encode(content []byte) [][]byte
}

// NewBatch returns an empty batch; engines call it.
func NewBatch(blobs BlobSource) *Batch {
	return &Batch{blobs: blobs, ops: make([]Op, 0, usualOps)}
}

// usualOps is how many operations a batch has room for at first: those of a
// message for one mailbox.
const usualOps = 10

// Assert makes the commit fail with ErrConflict unless key has this value. A
// nil value asserts that key does not exist.
func (b *Batch) Assert(key, value []byte) {
	if value == nil {
		b.add(OpAssertAbsent, key, nil)
		return
	}
	b.add(OpAssert, key, value)
}

// Set writes a key.
func (b *Batch) Set(key, value []byte) { b.add(OpSet, key, value) }

// Delete removes a key, if it exists.
func (b *Batch) Delete(key []byte) { b.add(OpDelete, key, nil) }

// DeleteRange removes all keys k with start <= k < end. An empty end removes
// nothing.
func (b *Batch) DeleteRange(start, end []byte) { b.add(OpDeleteRange, start, end) }

// AppendBlob adds a blob and returns its ID, which may be used in values of
// the same batch. Content must not change until the commit has returned.
func (b *Batch) AppendBlob(content []byte) BlobID {
	id := b.blobs.NextID()
	b.size += len(content)
	if b.size <= MaxBatchSize {
		b.ops = append(b.ops, Op{
			Kind:   OpAppendBlob,
			Stored: b.blobs.Encode(content),
			Size:   int64(len(content)),
			Blob:   id,
		})
	}
	return id
}

// AppendStaged adds a sealed staged blob and returns its ID.
func (b *Batch) AppendStaged(s Staged) BlobID {
	id := b.blobs.NextID()
	b.ops = append(b.ops, Op{Kind: OpAppendStaged, Blob: id, Staged: s})
	return id
}

// DeleteBlob removes a blob; its space is reclaimed later. A blob that is
// open stays readable until it is closed.
func (b *Batch) DeleteBlob(id BlobID) {
	b.ops = append(b.ops, Op{Kind: OpDeleteBlob, Blob: id})
}

// Empty reports whether the batch has no operations.
func (b *Batch) Empty() bool { return len(b.ops) == 0 }

// Size is the bytes of keys, values and unstaged blobs.
func (b *Batch) Size() int { return b.size }

// Ops returns the operations, for engines.
func (b *Batch) Ops() []Op { return b.ops }

// Err returns ErrTooLarge if the batch, or one of its keys or values, is over
// its limit, and ErrReserved if it touches the engine's own keys. Engines call
// it first.
func (b *Batch) Err() error {
	if b.reserved {
		return ErrReserved
	}
	if b.tooLarge || b.size > MaxBatchSize {
		return ErrTooLarge
	}
	return nil
}

func (b *Batch) add(kind OpKind, key, value []byte) {
	limit := MaxValueSize
	if kind == OpDeleteRange {
		limit = MaxKeySize
	}
	if len(key) > MaxKeySize || len(value) > limit {
		b.tooLarge = true
		return
	}
	if isReserved(kind, key, value) {
		b.reserved = true
		return
	}
	b.size += len(key) + len(value)
	b.ops = append(b.ops, Op{Kind: kind, Key: b.copy(key), Value: b.copy(value)})
}

// copy puts p into the arena, so that a batch costs few allocations. A full
// arena is left to the slices that point into it.
func (b *Batch) copy(p []byte) []byte {
	if cap(b.arena)-len(b.arena) < len(p) {
		b.arena = make([]byte, 0, max(1024, 2*cap(b.arena), len(p)))
	}
	start := len(b.arena)
	b.arena = append(b.arena, p...)
	return b.arena[start:len(b.arena):len(b.arena)]
}

func isReserved(kind OpKind, key, value []byte) bool {
	if kind == OpDeleteRange {
		return bytes.Compare(value, []byte{FirstReserved}) > 0
	}
	return len(key) > 0 && key[0] >= FirstReserved
}
