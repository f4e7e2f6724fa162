package main

import (
	"context"
	"runtime/debug"

	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/server"
)

// gcPercent lets the heap grow to five times what is alive before it is
// collected. What is alive is little, some 10 MB, so that the usual 100 made the
// collector run all the time: measured, a fifth of the CPU of FETCH and SEARCH.
// The memory limit bounds what this costs, and a tidier gives back what a burst
// of work has left.
const gcPercent = 400

// tuneMemory sets up the garbage collector for the whole process.
func tuneMemory(c *config.Config) {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(int64(c.Limits.Memory))
}

// runServer runs a server, and a tidier of the process's memory as long as it runs.
func runServer(ctx context.Context, s *server.Server) error {
	tidying, stop := context.WithCancel(ctx)
	tidied := make(chan struct{})
	go func() {
		defer close(tidied)
		newTidier().run(tidying)
	}()
	defer func() { stop(); <-tidied }()
	return s.Run(ctx)
}
