package config

// Auth says how passwords are checked and kept.
type Auth struct {
	Argon2Memory    Size `toml:"argon2-memory" comment:"Memory for one argon2id hash. It counts for passwords that are set from now on."`
	Argon2Time      int  `toml:"argon2-time" comment:"Passes of argon2id over that memory."`
	SCRAMIterations int  `toml:"scram-iterations" comment:"Iterations of SCRAM-SHA-256 (RFC 7677 §4 asks for 4096 at least)."`
	AllowInsecure   bool `toml:"allow-insecure" comment:"Accept passwords over connections without TLS, from loopback addresses only."`
}

func (a *Auth) check(r *report) {
	if a.Argon2Memory < 64<<10 || a.Argon2Memory > 1<<30 {
		r.add("argon2-memory", "must be from 64KB to 1GB")
	}
	if a.Argon2Time < 1 || a.Argon2Time > 100 {
		r.add("argon2-time", "must be from 1 to 100")
	}
	if a.SCRAMIterations < 4096 || a.SCRAMIterations > 10_000_000 {
		r.add("scram-iterations", "must be from 4096 to 10000000")
	}
}
