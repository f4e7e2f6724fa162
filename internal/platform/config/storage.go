package config

// Storage tunes the embedded store.
type Storage struct {
	Cache           Size     `toml:"cache" comment:"Memory for the index's cache."`
	ReclaimInterval Duration `toml:"reclaim-interval" comment:"How often the space of deleted mail is looked for."`
	IndexCopy       Duration `toml:"index-copy" comment:"How old the copy of the index may get that mailstead repair starts from, 0s for\nno copy. One is also made a second or so after accounts have changed. Most of it takes\nno room."`
	KeepExpunged    Duration `toml:"keep-expunged" comment:"How long the content of an expunged message stays readable for sessions that have\nnot been told."`
}

func (s *Storage) check(r *report) {
	if s.Cache < 1<<20 {
		r.add("cache", "must be at least 1MB")
	}
	if s.ReclaimInterval.Duration <= 0 {
		r.add("reclaim-interval", "must be longer than nothing")
	}
	if s.IndexCopy.Duration < 0 {
		r.add("index-copy", "must not be negative")
	}
}
