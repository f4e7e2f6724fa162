package config

import "time"

// Trace is about what is remembered of each message.
type Trace struct {
	Keep Duration `toml:"keep" comment:"How long; 0s remembers nothing. It takes about 1 KB of disk for a message."`
}

func (t *Trace) check(r *report) {
	if k := t.Keep.Duration; k != 0 && (k < time.Hour || k > 366*24*time.Hour) {
		r.add("keep", "must be from 1h to 366d, or 0s")
	}
}
