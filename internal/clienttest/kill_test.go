//go:build clients

package clienttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/crashtest"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/soak"
)

// TestKillUnderLoad has clients of all protocols at work and backups made, kills
// the server with SIGKILL at some moment, starts it again, compares what it has
// with what the clients were told, and goes on from there, many times.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	w := newKillWorld(t, newServer(t))
	w.load.Chores = []func(context.Context) error{w.backUp(t)}
	random := rand.New(rand.NewPCG(1, 13))
	for round := range soak.Times(8, 200) {
		ctx, stop := context.WithCancel(t.Context())
		worked := make(chan struct{})
		go func() {
			defer close(worked)
			w.load.Run(ctx, uint64(round))
		}()
		time.Sleep(time.Duration(random.IntN(600)) * time.Millisecond)
		w.ledger.Dying()
		w.server.kill(t)
		stop()
		<-worked
		w.startAgain(t)
	}
	w.wantArrivals(t)
}

// startAgain starts the server after a kill, and wants it to have what the
// ledger says.
func (w *killWorld) startAgain(t *testing.T) {
	t.Helper()
	w.hop.Settle()
	w.ledger.Thaw()
	w.server.start(t)
	w.server.mailstead(t, "verify", "--quick")
	if err := w.ledger.Check(t.Context(), w.load.Target); err != nil {
		t.Fatal(err)
	}
}

// backUp copies the mail of the running server now and then. What the server
// says is a copy must be whole.
func (w *killWorld) backUp(t *testing.T) func(context.Context) error {
	folder, made := t.TempDir(), 0
	return func(ctx context.Context) error {
		made++
		copied := filepath.Join(folder, strconv.Itoa(made))
		if _, err := w.load.Target.Admin.Backup(ctx, copied); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		defer os.RemoveAll(copied)
		out, err := exec.Command(os.Getenv("MAILSTEAD_BIN"), "verify", "--data", copied).CombinedOutput()
		if err != nil {
			t.Errorf("a backup is not whole: %v\n%s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
		return nil
	}
}

// wantArrivals wants all to arrive at the next hop that was submitted for it.
func (w *killWorld) wantArrivals(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.ledger.Arrive(ctx, w.load.Target); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", w.ledger.Tally())
}

// TestDiskFullUnderLoad fills the disk and makes room again, over and over,
// while clients of all protocols are at work. They hear of it in the right way,
// and what they were told is true before and after a kill.
func TestDiskFullUnderLoad(t *testing.T) {
	t.Parallel()
	disk := mountDisk(t, 160)
	s := newServer(t)
	s.data = filepath.Join(disk.path, "data")
	w := newKillWorld(t, s)
	w.load.MayRefuse = crashtest.Temporary
	for round := range soak.Times(3, 40) {
		ctx, stop := context.WithCancel(t.Context())
		worked := make(chan struct{})
		go func() {
			defer close(worked)
			w.load.Run(ctx, uint64(round))
		}()
		before := w.ledger.Tally()
		disk.fill()
		eventually(t, "refusals", func() bool { return w.ledger.Tally().Refused > before.Refused+10 })
		before = w.ledger.Tally()
		disk.free()
		eventually(t, "success", func() bool { return w.ledger.Tally().Acknowledged > before.Acknowledged+50 })
		w.ledger.Dying()
		w.server.kill(t)
		stop()
		<-worked
		w.startAgain(t)
	}
	w.wantArrivals(t)
}

// A killWorld is a server that is killed, with its next hop and the ledger of
// its clients.
type killWorld struct {
	server *server
	ledger *crashtest.Ledger
	load   *crashtest.Load
	hop    interface{ Settle() }
}

func newKillWorld(t *testing.T, s *server) *killWorld {
	t.Helper()
	w := &killWorld{server: s, ledger: crashtest.NewLedger(alice, bob, "carol@example.test")}
	s.serve(t, hurriedConfig(s, w.nextHop(t)))
	s.mailstead(t, "domain", "add", "example.test")
	var users []string
	for _, name := range []string{alice, bob, "carol@example.test"} {
		users = append(users, name+" "+password)
	}
	s.mailstead(t, "account", "add", "--from-file", usersFile(t, strings.Join(users, "\n")))
	w.load = &crashtest.Load{Ledger: w.ledger, Target: crashtest.Target{
		Dial:  func(service string) (net.Conn, error) { return net.Dial("tcp", s.addr(service)) },
		Admin: admin.NewClient(s.data), Password: password,
	}}
	return w
}

// nextHop runs the next hop until the test ends, and returns its address.
func (w *killWorld) nextHop(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hop := w.ledger.NewHop()
	served := make(chan struct{})
	go func() {
		defer close(served)
		hop.Serve(context.Background(), l)
	}()
	t.Cleanup(func() {
		l.Close()
		w.server.stop(t)
		<-served
	})
	w.hop = hop
	return l.Addr().String()
}

// hurriedConfig has upkeep and retries done often.
func hurriedConfig(s *server, hop string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "hostname = 'mail.example.test'\ndata = %q\n[metrics]\nlisten = %q\n", s.data, s.addr("metrics"))
	b.WriteString("[auth]\nallow-insecure = true\nargon2-memory = '64kB'\nargon2-time = 1\n")
	b.WriteString("[storage]\nreclaim-interval = '100ms'\nkeep-expunged = '1ms'\n")
	b.WriteString("[sending]\nmessages-per-hour = 0\nrecipients-per-hour = 0\nrecipients-per-day = 0\n")
	fmt.Fprintf(&b, "[outbound]\nsmarthost = %q\nretry = ['1s']\n", hop)
	for _, protocol := range protocols {
		if protocol != "metrics" {
			fmt.Fprintf(&b, "[%s]\nlisten = [%q]\n", protocol, s.addr(protocol))
		}
	}
	return b.String()
}
