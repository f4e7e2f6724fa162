package embedded

import (
	"sync"
	"sync/atomic"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// The size of a locationCache: 640 KB when all of it is in use.
const (
	locationShards   = 64
	locationsOfShard = 256 // neighbours are in one shard
)

// A locationCache remembers where blobs are that were committed, moved or looked
// for last. New mail is what is read most, and a message is read more than once;
// this spares one of the two searches of the index that reading a message takes
// (BenchmarkLocate).
//
// A blob that Reclaim moves can still be read where it was, until its pack is
// gone: then the index tells (Store.openAt). One that is deleted is forgotten.
// IDs are never reused, so no location becomes that of another blob.
type locationCache struct {
	deletions atomic.Uint64
	shards    [locationShards]locationShard
}

type locationShard struct {
	mu      sync.Mutex
	entries []located // by the last bits of the ID; nil before the first
}

func (c *locationCache) shard(id storage.BlobID) *locationShard {
	return &c.shards[id/locationsOfShard%locationShards]
}

// get returns where a blob is, if that is remembered.
func (c *locationCache) get(id storage.BlobID) (location, bool) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil || s.entries[id%locationsOfShard].id != id || id == 0 {
		return location{}, false
	}
	return s.entries[id%locationsOfShard].location, true
}

// put remembers what the index said after the number of deletions was taken. If
// there were any since, one of them may have been this blob's.
func (c *locationCache) put(id storage.BlobID, l location, deletions uint64) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.deletions.Load() == deletions {
		s.set(id, l)
	}
}

// follow does what a commit has done to the index. The zero location is that of
// a deleted blob.
func (c *locationCache) follow(blobs map[storage.BlobID]location) {
	for id, l := range blobs {
		if l == (location{}) {
			c.deletions.Add(1)
		}
		c.shard(id).follow(id, l)
	}
}

func (s *locationShard) follow(id storage.BlobID, l location) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case l != location{}:
		s.set(id, l)
	case s.entries != nil && s.entries[id%locationsOfShard].id == id:
		s.entries[id%locationsOfShard] = located{}
	}
}

// set remembers a location in the place of another. The caller holds s.mu.
func (s *locationShard) set(id storage.BlobID, l location) {
	if s.entries == nil {
		s.entries = make([]located, locationsOfShard)
	}
	s.entries[id%locationsOfShard] = located{id, l}
}

// locate returns where a blob is.
func (s *Store) locate(id storage.BlobID) (location, error) {
	if l, known := s.locations.get(id); known {
		return l, nil
	}
	return s.search(id)
}

// search is locate by the index alone.
func (s *Store) search(id storage.BlobID) (location, error) {
	deletions := s.locations.deletions.Load()
	l, err := locate(s.db, id)
	if err == nil {
		s.locations.put(id, l, deletions)
	}
	return l, err
}
