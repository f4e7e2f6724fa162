package server

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"github.com/mailstead/mailstead/internal/platform/listener"
)

// files divides the file descriptors that the process may have. Connections
// come from outside in any number, so they leave some free: the store ends when
// it cannot open a file that it must write, and whoever is connected already is
// to be served. The zero value reserves none.
//
// A file gets the lowest descriptor that is free. Connections take none from
// reserved on, staged blobs none from spools on, and what is above is for the
// index, the packs, the DNS and mail that leaves.
type files struct {
	reserved, spools int
	keys, packs      int // that the store keeps open at most
}

// reserve is how many descriptors connections leave free, if there are enough:
// half of that for staged blobs.
const reserve = 2048

// divideFiles divides as many as are allowed.
func divideFiles(allowed int) files {
	free := min(reserve, allowed/2)
	return files{
		reserved: allowed - free,
		spools:   allowed - free/2,
		keys:     max(64, free/4),
		packs:    max(8, free/16),
	}
}

// allowedFiles is how many files the process may have open. Go has raised the
// soft limit to the hard one.
func allowedFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what is usual where nobody has thought of it
	}
	return int(min(limit.Cur, 1<<30))
}

// endpointConnections is how many connections the endpoints of HTTP take: each
// of them serves few.
const endpointConnections = 1000

func (s *Server) bounds() listener.Bounds {
	return listener.Bounds{Connections: endpointConnections, Reserved: s.files.reserved}
}

// bind binds the address of an endpoint.
func (s *Server) bind(ctx context.Context, name, address string) (net.Listener, error) {
	var config net.ListenConfig
	accepter, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return listener.Bound(accepter, s.bounds()), nil
}
