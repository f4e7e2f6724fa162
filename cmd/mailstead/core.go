package main

import (
	"fmt"
	"syscall"
)

// withoutCore keeps the system from writing the memory of the process to a file
// when it ends badly: passwords that clients have just sent are in there. What
// went wrong stands in the log, with stacks but without memory.
func withoutCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	return nil
}
