// Package embedded is the storage engine of a single machine: a Pebble
// database, the index, for keys and the locations of blobs, and append-only
// files, the packs, for the blobs themselves.
//
// # How a commit becomes durable
//
// Batches that wait at the same time commit as one group. The first waiter
// leads (queue.go): it checks assertions in the order of enqueuing, writes the
// group, and wakes the others.
//
//   - A group with blobs is one record in the newest pack: its operations on
//     keys and its blobs, with CRCs. One write and one fdatasync make it
//     durable. Then its operations go to the index without a sync, in one
//     Pebble batch with the position in the packs up to which the index knows
//     them.
//   - A group without blobs is a synced Pebble commit.
//
// Pebble's log is sequential: what it has lost in a crash is a suffix, and the
// groups in the packs after the position that it remembers are exactly what
// is missing. Open replays them (replay.go). A group that was not written
// whole is recognized by its CRCs and ends the log; nobody was told that it
// had been committed.
//
// # When it cannot
//
// A full disk fails the group with [storage.ErrFull], and leaves no trace of
// it. Any other failed write, and any failed fsync, ends the store for good
// through [Options.OnFatal]: nobody knows what is on the disk then, and a
// second fsync might succeed without having written anything.
//
// # Blobs
//
// A blob is cut into chunks of 64 KB that are compressed by themselves if that
// is worth the work of reading, each with a CRC that is checked when it is read
// (chunk.go). Small blobs that lie beside each other are read together by those
// who want them in that order (blobreader.go). The index has where they are, and
// the store remembers that for those that it wrote or read last
// (locationcache.go). A staged blob is compressed while it is written, into a
// file of the staging folder if it has more than one chunk, and copied into the
// pack when it commits.
//
// The index counts, for each pack, the bytes of live and of deleted blobs.
// [Store.Reclaim] copies the live ones out of packs half of which is deleted
// (reclaim.go), through the same groups as everybody else, and removes those
// packs. Who has a blob open keeps the old file open.
//
// # Damage
//
// What is damaged on the disk is found by its CRC when it is read, and by
// [View.Verify] before that. A damaged record in a pack ends nothing: the next
// one is found behind it (resync.go). Only the newest record may be taken for
// one that was not written whole; if others follow, Open refuses. Of a blob of
// several chunks damage shows as late as the reading comes to it; who announces
// what he reads has it checked before (Check in blob.go), which is remembered
// (checked.go).
//
// # Files
//
//	FORMAT       in which format all this is; a newer one is refused (format.go)
//	LOCK         held by the process that has the store open
//	ballast      room that is given up when the disk is full (disk.go)
//	index/       Pebble; CLOSED lists its files after a clean stop (closed.go)
//	checkpoint/  a copy of the index for the day when it is lost (backup.go)
//	packs/       00000001.pack and so on
//	staging/     removed when the store is opened
//
// # Caveats
//
// The operations of groups without blobs are only in the index and, up to when
// it was made, in its copy. [Rebuild] makes an index from that copy and the
// packs, and so restores every blob and what was written in one batch with it,
// but not what batches without blobs have changed after the copy: its caller
// must give no number again that may have been given meanwhile.
package embedded
