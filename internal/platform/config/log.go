package config

// Log says how the server logs.
type Log struct {
	Format string `toml:"format" comment:"text for people, json for machines."`
	Level  string `toml:"level" comment:"debug, info, warn or error."`
}

func (l *Log) check(r *report) {
	oneOf(r, "format", l.Format, "text", "json")
	oneOf(r, "level", l.Level, "debug", "info", "warn", "error")
}
