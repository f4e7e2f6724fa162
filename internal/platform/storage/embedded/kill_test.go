package embedded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// killedDir, in the environment, makes the test binary the child of TestKill.
const killedDir = "MAILSTEAD_TEST_KILLED_DIR"

// TestKill kills a process at work on a real disk, several times, writes half
// a group behind what it left, and looks for everything it had acknowledged.
func TestKill(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(killedDir); dir != "" {
		workUntilKilled(dir)
	}
	dir := t.TempDir()
	acknowledged := make(map[string]storage.BlobID)
	for round := range 3 {
		killChild(t, dir, 200+100*round, acknowledged)
		tearTail(t, dir)
		s, err := Open(dir, Options{OnFatal: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		for name, id := range acknowledged {
			if err := checkKilled(s, name, id); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if id >= s.NextID() {
				t.Errorf("blob ID %d may be given out again", id)
			}
		}
		if _, err := s.Get(nil, []byte("torn")); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the torn group was replayed: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// workUntilKilled commits and prints what it has committed.
func workUntilKilled(dir string) {
	s, err := Open(dir, Options{PackSize: 1 << 20, MemTableSize: 64 << 10})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for range 4 {
		go func() {
			for {
				name, id, err := addKilled(s)
				if err != nil {
					os.Exit(1)
				}
				mu.Lock()
				fmt.Printf("%s %d.\n", name, id)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// addKilled commits a blob whose content follows from its name.
func addKilled(s *Store) (name string, id storage.BlobID, err error) {
	seed := rand.Uint64()
	b := s.NewBatch()
	name = fmt.Sprint(seed)
	content := storagetest.Text(seed, int(seed%9000))
	if seed%10 == 0 {
		st, err := stage(s, append(content, storagetest.Noise(seed, 150_000)...))
		if err != nil {
			return "", 0, err
		}
		id = b.AppendStaged(st)
	} else {
		id = b.AppendBlob(content)
	}
	b.Set([]byte(name), fmt.Append(nil, id))
	return name, id, storage.Commit(s, b)
}

func checkKilled(s *Store, name string, id storage.BlobID) error {
	var seed uint64
	if _, err := fmt.Sscan(name, &seed); err != nil {
		return err
	}
	content := storagetest.Text(seed, int(seed%9000))
	if seed%10 == 0 {
		content = append(content, storagetest.Noise(seed, 150_000)...)
	}
	value, err := s.Get(nil, []byte(name))
	if err == nil && string(value) != fmt.Sprint(id) {
		err = fmt.Errorf("key has %q", value)
	}
	return errors.Join(err, sameBlob(s, id, content))
}

// killChild runs the child until it has acknowledged n commits, kills it, and
// adds what it has acknowledged.
func killChild(t *testing.T, dir string, n int, acknowledged map[string]storage.BlobID) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), killedDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		name, id, err := parseAcknowledged(scanner.Text())
		if err != nil {
			continue // half a line of the dying child
		}
		acknowledged[name] = id
		if lines++; lines == n {
			_ = child.Process.Kill() // if it is dead already, Wait says so
		}
	}
	if err := child.Wait(); err == nil || lines < n {
		t.Fatalf("child ended by itself after %d lines: %v", lines, err)
	}
}

func parseAcknowledged(line string) (name string, id storage.BlobID, err error) {
	if !strings.HasSuffix(line, ".") {
		return "", 0, errors.New("half a line")
	}
	_, err = fmt.Sscanf(line, "%s %d.", &name, &id)
	return name, id, err
}

// tearTail writes the first part of a group behind the last one of the newest
// pack, as a power cut would leave it.
func tearTail(t *testing.T, dir string) {
	t.Helper()
	s := newStore(dir, Options{}.withDefaults())
	if err := s.openFolder(); err != nil {
		t.Fatal(err)
	}
	defer s.abandon()
	ids, err := s.packs.list()
	if err != nil || len(ids) == 0 {
		t.Fatalf("packs %v: %v", ids, err)
	}
	p, err := s.packs.acquire(ids[len(ids)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer s.packs.release(p)
	end, seq := endOfLog(t, p)
	if _, err := p.file.WriteAt(tornGroup(p, end, seq+1), end); err != nil {
		t.Fatal(err)
	}
}

// endOfLog is where the groups of a pack end.
func endOfLog(t *testing.T, p *pack) (end int64, seq uint64) {
	t.Helper()
	scan, err := newPackScanner(p, packHeaderSize)
	if err != nil {
		t.Fatal(err)
	}
	end, seq = packHeaderSize, p.firstSeq-1
	for {
		ok, err := scan.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return end, seq
		}
		if whole, err := scan.verify(); err != nil || !whole {
			return end, seq
		}
		end, seq = scan.after, scan.header.seq
	}
}

// tornGroup is a group with whole operations and half of a blob.
func tornGroup(p *pack, offset int64, seq uint64) []byte {
	stored := storagetest.Noise(seq, 2000)
	blob := make([]byte, chunkEntrySize, chunkEntrySize+len(stored))
	binary.LittleEndian.PutUint32(blob, uint32(len(stored)))
	blob = append(blob, stored[:1000]...)
	group := make([]byte, groupHeaderSize)
	group = operation{kind: opBatch}.append(group)
	group = operation{kind: opSet, key: []byte("torn"), value: []byte("torn")}.append(group)
	size := int64(len(stored) + chunkEntrySize)
	group = operation{kind: opBlob, id: 1 << 40, size: 2000, stored: size}.append(group)
	sealGroup(group, groupHeader{data: size, seq: seq, nextID: 1 << 41}, p.origin(offset))
	return append(group, append(blob, make([]byte, 1000)...)...)
}
