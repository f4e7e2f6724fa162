// Package storage is the seam between what Mailstead stores and how it is
// stored: an ordered key-value store with blobs, atomic durable batches and
// consistent snapshots. It knows no mail.
//
// # Words
//
// A key is ordered bytewise. A blob is a run of bytes that is written once,
// named by a [BlobID], and read at any offset. A [Batch] holds assertions,
// writes and blobs; it commits whole or not at all, and when its commit has
// returned nil it survives a power cut.
//
// # Order
//
// A store commits batches in the order in which [Store.Enqueue] was called.
// That order is what a caller needs who allocates numbers (UIDs, MODSEQs): it
// allocates and enqueues in one critical section, leaves the section, and
// waits for durability outside of it, so that many batches of one account
// share one fsync. If a batch fails, later batches that were built on its
// outcome must fail too: let each assert the value that its forerunner wrote.
//
// # Limits
//
// Every engine respects [MaxKeySize], [MaxValueSize] and [MaxBatchSize]; a
// batch that exceeds one fails with [ErrTooLarge] and has no effect.
//
// # Subspaces
//
// The first byte of a key is its subspace. Each model owns a range of them, so
// that the models can share one store and one batch:
//
//	0x10-0x1f  model/directory
//	0x20-0x3f  model/mailstore
//	0x40-0x4f  model/queue
//	0xf0-0xff  the storage engine itself; callers must not use them
package storage
