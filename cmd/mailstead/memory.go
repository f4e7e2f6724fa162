package main

import (
	"runtime/debug"

	"github.com/mailstead/mailstead/internal/platform/config"
)

// gcPercent lets the heap grow to five times what is alive before it is
// collected. What is alive is little, some 10 MB, so that the usual 100 made the
// collector run all the time: measured, a fifth of the CPU of FETCH and SEARCH.
// The memory limit bounds what this costs.
const gcPercent = 400

// tuneMemory sets up the garbage collector for the whole process.
func tuneMemory(c *config.Config) {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(int64(c.Limits.Memory))
}
