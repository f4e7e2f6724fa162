package config

import (
	"os"
	"path/filepath"
	"strconv"
)

// LMTP is where mail servers in front of this one hand mail over.
type LMTP struct {
	Listener
	Socket     string `toml:"socket" comment:"Path of a unix socket to listen on too, such as \"/run/mailstead/lmtp\"; empty for none."`
	SocketMode string `toml:"socket-mode" comment:"Who may connect to it, as chmod takes it."`
}

func (l *LMTP) check(r *report) {
	l.Listener.check(r)
	if l.Socket != "" && !filepath.IsAbs(l.Socket) {
		r.add("socket", "must be an absolute path, not %q", l.Socket)
	}
	if _, err := strconv.ParseUint(l.SocketMode, 8, 9); err != nil {
		r.add("socket-mode", "%q is no mode such as \"0660\"", l.SocketMode)
	}
}

// Mode returns SocketMode, which has been checked.
func (l *LMTP) Mode() os.FileMode {
	mode, _ := strconv.ParseUint(l.SocketMode, 8, 9)
	return os.FileMode(mode)
}
