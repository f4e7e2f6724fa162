package server_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain wants every goroutine of every server to have ended.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
