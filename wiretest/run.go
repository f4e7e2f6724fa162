package wiretest

import (
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// update is the flag that rewrites the dialogues.
var update = flag.Bool("update", false, "rewrite the expected lines of golden dialogues")

// patience is how long the tested side may take for one answer. It is only
// reached by a test that fails.
const patience = 20 * time.Second

// Run plays each file that glob names as the client of serve, as a parallel
// subtest with the file's name. serve gets the server's end of a new
// connection, which is closed when it returns; ctx is done when the dialogue
// has failed.
func Run(t *testing.T, glob string, serve func(ctx context.Context, conn net.Conn)) {
	t.Helper()
	runAll(t, glob, 'C', serve)
}

// RunClient plays each file that glob names as the server of client, which
// gets the client's end of a new connection. STARTTLS shows a certificate
// that nobody trusts.
func RunClient(t *testing.T, glob string, client func(ctx context.Context, conn net.Conn)) {
	t.Helper()
	runAll(t, glob, 'S', client)
}

func runAll(t *testing.T, glob string, played byte, tested func(context.Context, net.Conn)) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no dialogue matches %s", glob)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runFile(t, file, played, tested)
		})
	}
}

func runFile(t *testing.T, file string, played byte, tested func(context.Context, net.Conn)) {
	t.Helper()
	steps, err := load(file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	p := &player{side: played, record: *update}
	if err := p.perform(t.Context(), steps, tested); err != nil {
		t.Fatalf("%s:%v", file, err)
	}
	if *update {
		text := strings.Join(p.recorded, "\n") + "\n"
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
