package listener

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// ListenUnix binds a unix socket that those may connect to whom the mode
// allows. A socket that a dead process has left behind is taken over; one that
// somebody answers on is not.
func ListenUnix(ctx context.Context, path string, mode fs.FileMode, o Options) (*Listener, error) {
	if err := removeStale(ctx, path); err != nil {
		return nil, fmt.Errorf("listener %s: %w", o.Name, err)
	}
	var config net.ListenConfig
	accepter, err := config.Listen(ctx, "unix", path)
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		if accepter != nil {
			accepter.Close()
		}
		return nil, fmt.Errorf("listener %s: %w", o.Name, err)
	}
	return New(accepter, o), nil
}

var errInUse = errors.New("somebody listens there already")

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is no socket", path)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s: %w", path, errInUse)
	}
	return os.Remove(path)
}
