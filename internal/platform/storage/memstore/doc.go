// Package memstore is a storage engine that keeps everything in memory, for
// tests of what stands above the storage seam. It has the semantics of a real
// engine, including conflicts, limits and snapshots, and none of its
// durability: what it holds ends with the process.
//
// Keys live in a persistent treap: every change copies the path from the root
// to the changed node and leaves the old tree as it was. A snapshot is
// therefore nothing but an old root.
//
// A batch commits while it is enqueued, so that [storage.Pending.Wait] never
// waits. [Store.FailCommits] makes commits fail, to test what a full disk
// does to the caller.
package memstore
