package crashtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/crashtest"
	"github.com/mailstead/mailstead/internal/soak"
)

// TestOperationsFail lets each client work in turn, with a fault at the
// first operation on the disk that can have it, then at a later one, and so on
// until there are no more: at every fifth in the long form.
func TestOperationsFail(t *testing.T) {
	t.Parallel()
	for _, fault := range crashtest.Faults() {
		t.Run(strings.ReplaceAll(fault.Name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			s := newSick(t)
			step := int64(soak.Times(61, 5))
			for n := int64(1); ; n += step {
				if !s.fail(fault, n, func(ctx context.Context) { s.load.RunOnce(ctx, 1) }) {
					t.Logf("%d operations, %d clean stops: %+v", n, s.stops, s.ledger.Tally())
					break
				}
			}
			s.wantArrivals()
		})
	}
}

// TestFaultsUnderLoad has faults at random while all clients are at work.
func TestFaultsUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSick(t)
	random := rand.New(rand.NewPCG(4, 17))
	for round := range soak.Times(8, 100) {
		faults := crashtest.Faults()
		fault := faults[random.IntN(len(faults))]
		fault.Operations *= 1 + random.Int64N(5)
		s.fail(fault, 1+random.Int64N(200), func(ctx context.Context) {
			ctx, stop := context.WithTimeout(ctx, 200*time.Millisecond)
			defer stop()
			s.load.Run(ctx, uint64(round))
		})
	}
	s.wantArrivals()
	t.Logf("%d clean stops: %+v", s.stops, s.ledger.Tally())
}

// TestSlowDisk has syncs that take two seconds. Nobody is refused.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	s := newSick(t)
	slow := crashtest.SlowSync(2 * time.Second)
	for range soak.Times(1, 10) {
		s.disk.Fails(slow, 20)
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		s.load.Run(ctx, 1)
		stop()
		s.restart(slow, 20)
	}
	s.wantArrivals()
	t.Logf("%+v", s.ledger.Tally())
}

// A sick is a world whose disk has faults.
type sick struct {
	*world
	fs    *vfs.MemFS
	disk  *crashtest.Disk
	end   atomic.Pointer[ending]
	stops int
}

func newSick(t *testing.T) *sick {
	s := &sick{fs: vfs.NewCrashableMem()}
	s.disk = crashtest.NewDisk(s.fs)
	s.end.Store(newEnding())
	s.world = newWorld(t, s.disk, s.onFatal)
	return s
}

// onFatal is where the process ends, if it is one: nobody hears anything more.
func (s *sick) onFatal(err error) {
	s.ledger.Freeze()
	s.t.Logf("clean stop: %v", err)
	s.end.Load().end()
	select {}
}

// An ending is when the server has ended by itself.
type ending struct {
	context.Context
	end context.CancelFunc
}

func newEnding() *ending {
	ctx, end := context.WithCancel(context.Background())
	return &ending{ctx, end}
}

// fail has a fault at the n-th operation while clients work, and wants the
// server to go on as if nothing had been when it has passed, or to have stopped
// and to start again. It reports whether the fault has happened.
func (s *sick) fail(fault crashtest.Fault, n int64, work func(context.Context)) bool {
	s.t.Helper()
	s.load.MayRefuse = refusable
	fired := s.disk.Fails(fault, n)
	work(s.end.Load())
	s.disk.Before(nil)
	happened := fired()
	if s.end.Load().Err() != nil {
		s.stops++
		s.restart(fault, n)
	}
	s.load.MayRefuse = nil
	s.load.RunOnce(s.t.Context(), uint64(n))
	s.check(fault, n, "when it has passed")
	s.restart(fault, n)
	return happened
}

// refusable reports whether a client may hear this of a disk that fails: that the
// trouble will pass, or nothing more of a message that had begun to come.
func refusable(err error) bool {
	return crashtest.Temporary(err) || errors.Is(err, io.ErrUnexpectedEOF)
}

// restart starts the server on what a power cut leaves.
func (s *sick) restart(fault crashtest.Fault, n int64) {
	s.t.Helper()
	s.ledger.Freeze()
	s.disk.Before(nil)
	left := s.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(uint64(n), 3))})
	if s.end.Load().Err() != nil {
		s.server.Abandon()
	} else {
		s.server.Kill()
	}
	s.ledger.Thaw()
	s.fs, s.disk = left, crashtest.NewDisk(left)
	s.end.Store(newEnding())
	if err := s.server.Boot(s.disk); err != nil {
		s.t.Fatalf("%s at operation %d: start: %v", fault.Name, n, err)
	}
	s.load.Target = s.target()
	s.check(fault, n, "after a restart")
}

func (s *sick) check(fault crashtest.Fault, n int64, when string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.ledger.Check(ctx, s.target()); err != nil {
		s.t.Fatal(fmt.Errorf("%s at operation %d, %s: %w", fault.Name, n, when, err))
	}
}
