package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// FirstReserved is the first of the subspaces that belong to the engine.
const FirstReserved = 0xf0

// Limits that every engine respects.
const (
	MaxKeySize   = 1 << 10 // bytes of a key
	MaxValueSize = 64 << 10
	MaxBatchSize = 4 << 20 // keys, values and unstaged blobs of a batch together
)

var (
	// ErrNotFound says that a key or a blob is not in the store.
	ErrNotFound = errors.New("storage: not found")
	// ErrConflict says that an assertion of a batch did not hold. Nothing
	// was written; the caller reads again and may try again.
	ErrConflict = errors.New("storage: conflict")
	// ErrTooLarge says that a key, a value or a batch exceeds its limit.
	ErrTooLarge = errors.New("storage: too large")
	// ErrFull says that the disk has no room (or the quota of the disk is
	// used up). Nothing was written, and the store goes on working.
	ErrFull = errors.New("storage: no space left")
	// ErrBusy says that the store cannot open another file now. Nothing was
	// written; it passes when others close theirs.
	ErrBusy = errors.New("storage: too many files open")
	// ErrCorrupt says that stored bytes do not match their checksum.
	ErrCorrupt = errors.New("storage: corrupt data")
	// ErrDamaged is an ErrCorrupt of the content of one blob. It says nothing
	// about any other.
	ErrDamaged = fmt.Errorf("%w of a blob", ErrCorrupt)
	// ErrReserved says that a batch touches a subspace of the engine.
	ErrReserved = errors.New("storage: reserved key")
	// ErrStaged says that a staged blob was used before it was sealed, after
	// it was discarded, or in a second batch.
	ErrStaged = errors.New("storage: staged blob cannot be used")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("storage: closed")
	// ErrStop ends a Scan early; Scan then returns nil.
	ErrStop = errors.New("storage: stop")
)

// A BlobID names a blob. IDs are never reused, not even after a crash. Zero
// is not a valid ID.
type BlobID uint64

// A Reader reads keys. Both a [Store] (its latest committed state) and a
// [Snapshot] are Readers.
type Reader interface {
	// Get appends the value of key to dst and returns the extended slice.
	// It returns ErrNotFound if there is no such key.
	Get(dst, key []byte) ([]byte, error)

	// Scan calls fn for each key of r in the order that r asks for. Key
	// and value are valid only during the call. An error of fn ends the
	// scan and is returned, except ErrStop, which only ends it.
	Scan(r Range, fn func(key, value []byte) error) error
}

// A Range is the keys k with Start <= k < End. An empty End means that there
// is no upper bound (the engine's own subspaces are never shown).
type Range struct {
	Start, End []byte
	Reverse    bool // from the last key to the first
}

// A Snapshot is a consistent, unchanging view of all keys. It must be closed,
// soon: it keeps the store from reclaiming space.
type Snapshot interface {
	Reader
	Close()
}

// A Store is a storage engine. Its methods may be called concurrently.
type Store interface {
	Reader

	// Find is Get for a key that is likely not in the store. It costs less if
	// that is so, above all in a store that is larger than what is cached, and
	// more if it is not.
	Find(dst, key []byte) ([]byte, error)

	// Snapshot returns a view of the store as it is now.
	Snapshot() Snapshot

	// NewBatch returns an empty batch for this store.
	NewBatch() *Batch

	// Enqueue hands over a batch to be committed after all batches that
	// were enqueued before it. It does not wait for the disk. The batch
	// must not be used afterwards. The outcome comes from [Pending.Wait],
	// which must be called.
	Enqueue(b *Batch) *Pending

	// Stage returns a writer for a blob too large to hold in memory. What
	// is written to it is of no effect until it is put into a batch with
	// [Batch.AppendStaged] and that batch commits.
	Stage() (Staged, error)

	// OpenBlob opens a blob for reading. It returns ErrNotFound if there
	// is no such blob, and ErrDamaged if it cannot be read; of a large blob
	// that may show when it is read.
	OpenBlob(id BlobID) (Blob, error)

	// BlobReader returns a reader for many blobs, one after the other. It
	// must be released.
	BlobReader() BlobReader

	// Reclaim gives back the space of deleted keys and blobs where that is
	// worth the work, copying what is alive. It returns the bytes that the
	// disk got back. It may run at any time, beside everything else.
	Reclaim(ctx context.Context) (freed int64, err error)

	// Stats returns figures for metrics.
	Stats() Stats

	// Close waits for what was enqueued, and closes the store.
	Close() error
}

// Commit enqueues a batch and waits until it is durable.
func Commit(s Store, b *Batch) error { return s.Enqueue(b).Wait() }

// A Staged blob is written once from start to end, then sealed.
type Staged interface {
	io.Writer
	// Size is the number of bytes written so far.
	Size() int64
	// Seal ends the writing. The blob can then be read with Open, and put
	// into a batch. If that batch fails, it can be put into another.
	Seal() error
	// Open reads a sealed blob before it is committed.
	Open() (Blob, error)
	// Discard drops the blob unless a batch has taken it. It may always be
	// called, and frees all resources.
	Discard()
}

// A Blob is an open blob. ReadAt and Check may be called concurrently.
type Blob interface {
	io.ReaderAt
	// WriteTo writes the whole content, without a copy of what is in memory
	// already; the writer must not change what it is given. It must not be
	// called beside other methods.
	io.WriterTo
	io.Closer
	// Size is the number of bytes of the blob.
	Size() int64
	// Check looks for damage in n bytes from an offset on, which must be within
	// the blob, and returns ErrDamaged if there is any: for who announces them
	// before he reads them. It is cheaper than reading, and the more so for a
	// blob that was checked before, which it may believe.
	Check(offset, n int64) error
}

// A BlobReader opens blobs that are read one after the other, as the messages of
// a mailbox are, with less work for each of them than OpenBlob. It is not for
// concurrent use.
type BlobReader interface {
	// Open is OpenBlob. Next names blobs that will probably be asked for
	// afterwards, in that order, and may be empty: the engine may look for
	// them, and read what is small of them, at once. It bounds how much. A
	// blob that is deleted after it has been read ahead may still be returned.
	//
	// The blob must be closed, before the next Open or Release: it may live in
	// the reader's memory.
	Open(id BlobID, next []BlobID) (Blob, error)

	// Release gives back the memory of what has been read ahead. The reader
	// can go on being used, and is then to be released again.
	Release()
}

// Stats are figures of a store since it was opened, for metrics.
type Stats struct {
	Commits     uint64 // batches committed
	Groups      uint64 // groups of batches made durable together
	Syncs       uint64 // fsyncs and fdatasyncs for commits
	Conflicts   uint64
	KeyBytes    int64 // bytes on disk for keys and values
	BlobBytes   int64 // bytes on disk for blobs, garbage included
	BlobGarbage int64 // bytes on disk of deleted blobs

	DamagedReads uint64 // attempts to read blobs that ended with ErrDamaged
	DamagedBlobs int    // blobs that were damaged when they were last read
}
