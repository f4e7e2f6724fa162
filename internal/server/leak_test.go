package server_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain wants every goroutine of every server to have ended. It is also
// where the process that BenchmarkIdle starts begins.
func TestMain(m *testing.M) {
	if spec := os.Getenv(idlersEnv); spec != "" {
		if err := runIdlers(spec); err != nil {
			fmt.Fprintln(os.Stderr, "idling clients:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
