package obs

import (
	"io"
	"log/slog"
)

// A Format is how a log line looks.
type Format string

// The formats of logs.
const (
	Text Format = "text" // key=value, for people
	JSON Format = "json" // an object a line, for programs
)

// LogOptions of NewLogger.
type LogOptions struct {
	Format Format // Text if empty
	Level  slog.Leveler
}

// NewLogger returns a logger that writes one line for each event. Both formats
// escape line breaks, so that no peer can forge a line.
func NewLogger(w io.Writer, o LogOptions) *slog.Logger {
	if o.Format == JSON {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: o.Level}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: o.Level, ReplaceAttr: shortTime}))
}

// shortTime writes the time of a line as people read it, in local time.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().Format("2006-01-02T15:04:05.000"))
	}
	return a
}
