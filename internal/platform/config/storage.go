package config

// Storage tunes the embedded store.
type Storage struct {
	Cache           Size     `toml:"cache" comment:"Memory for the index's cache."`
	ReclaimInterval Duration `toml:"reclaim-interval" comment:"How often the space of deleted mail is looked for."`
	KeepExpunged    Duration `toml:"keep-expunged" comment:"How long the content of an expunged message stays readable for sessions that have\nnot been told."`
}

func (s *Storage) check(r *report) {
	if s.Cache < 1<<20 {
		r.add("cache", "must be at least 1MB")
	}
	if s.ReclaimInterval.Duration <= 0 {
		r.add("reclaim-interval", "must be longer than nothing")
	}
}
