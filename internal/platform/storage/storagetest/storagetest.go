package storagetest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An Opened store is empty and new. The suite closes it.
type Opened struct {
	Store storage.Store
	// Reopen opens the store again, after it has been closed. It is nil
	// for an engine that keeps nothing.
	Reopen func() (storage.Store, error)
}

// Run runs the suite. It calls open for each test.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	tests := []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"GetSetDelete", testGetSetDelete},
		{"OrderWithinBatch", testOrderWithinBatch},
		{"Scan", testScan},
		{"ScanStops", testScanStops},
		{"DeleteRange", testDeleteRange},
		{"Snapshot", testSnapshot},
		{"Limits", testLimits},
		{"Reserved", testReserved},
		{"Assertions", testAssertions},
		{"AssertionsSeeStateBefore", testAssertionsSeeStateBefore},
		{"Chain", testChain},
		{"ChainOfRangeDeletes", testChainOfRangeDeletes},
		{"ConcurrentCounter", testConcurrentCounter},
		{"EnqueueOrder", testEnqueueOrder},
		{"Blob", testBlob},
		{"BlobAtOffset", testBlobAtOffset},
		{"BlobOfFailedBatch", testBlobOfFailedBatch},
		{"BlobReader", testBlobReader},
		{"BlobReaderOfDeleted", testBlobReaderOfDeleted},
		{"DeleteBlob", testDeleteBlob},
		{"DeleteBlobOfSameBatch", testDeleteBlobOfSameBatch},
		{"Staged", testStaged},
		{"StagedStates", testStagedStates},
		{"StagedRetry", testStagedRetry},
		{"StagedDiscard", testStagedDiscard},
		{"Reclaim", testReclaim},
		{"Stats", testStats},
		{"Closed", testClosed},
		{"Reopen", testReopen},
		{"Random", testRandom},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, newFixture(t, open(t)))
		})
	}
}

// A failer is a test, or a run of rapid.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// A fixture is a store with methods that end the test if they fail.
type fixture struct {
	t failer
	storage.Store
	reopen func() (storage.Store, error)
}

func newFixture(t *testing.T, o Opened) *fixture {
	f := &fixture{t: t, Store: o.Store, reopen: o.Reopen}
	t.Cleanup(func() {
		if err := f.Store.Close(); err != nil && !errors.Is(err, storage.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return f
}

// commit commits what build puts into a batch.
func (f *fixture) commit(build func(*storage.Batch)) {
	f.t.Helper()
	f.want(nil, f.try(build))
}

func (f *fixture) try(build func(*storage.Batch)) error {
	return f.enqueue(build).Wait()
}

func (f *fixture) enqueue(build func(*storage.Batch)) *storage.Pending {
	b := f.NewBatch()
	build(b)
	return f.Enqueue(b)
}

func (f *fixture) set(key, value string) {
	f.t.Helper()
	f.commit(func(b *storage.Batch) { b.Set([]byte(key), []byte(value)) })
}

func (f *fixture) want(want, got error) {
	f.t.Helper()
	if !errors.Is(got, want) || (want == nil && got != nil) {
		f.t.Fatalf("got error %v, want %v", got, want)
	}
}

// value checks the value of a key in r.
func (f *fixture) value(r storage.Reader, key, want string) {
	f.t.Helper()
	got, err := r.Get([]byte("dst:"), []byte(key))
	if err != nil || string(got) != "dst:"+want {
		f.t.Fatalf("get %q: %q, %v; want %q", key, got, err, want)
	}
}

func (f *fixture) absent(r storage.Reader, key string) {
	f.t.Helper()
	_, err := r.Get(nil, []byte(key))
	f.want(storage.ErrNotFound, err)
}

// scan returns "key=value" for each key of a range.
func (f *fixture) scan(r storage.Reader, rng storage.Range) []string {
	f.t.Helper()
	var got []string
	err := r.Scan(rng, func(key, value []byte) error {
		got = append(got, fmt.Sprintf("%s=%s", key, value))
		return nil
	})
	f.want(nil, err)
	return got
}

// appendBlob commits a blob.
func (f *fixture) appendBlob(content []byte) (id storage.BlobID) {
	f.t.Helper()
	f.commit(func(b *storage.Batch) { id = b.AppendBlob(content) })
	return id
}

func (f *fixture) deleteBlob(id storage.BlobID) {
	f.t.Helper()
	f.commit(func(b *storage.Batch) { b.DeleteBlob(id) })
}

// blob checks the content of a blob.
func (f *fixture) blob(id storage.BlobID, want []byte) {
	f.t.Helper()
	b, err := f.OpenBlob(id)
	f.want(nil, err)
	defer b.Close()
	f.content(b, want)
}

func (f *fixture) noBlob(id storage.BlobID) {
	f.t.Helper()
	_, err := f.OpenBlob(id)
	f.want(storage.ErrNotFound, err)
}

func (f *fixture) content(b storage.Blob, want []byte) {
	f.t.Helper()
	if b.Size() != int64(len(want)) {
		f.t.Fatalf("blob has %d bytes, want %d", b.Size(), len(want))
	}
	f.want(nil, b.Check(0, b.Size()))
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	f.want(nil, err)
	if !bytes.Equal(got, want) {
		f.t.Fatalf("blob of %d bytes differs", len(want))
	}
	for range 2 {
		var written bytes.Buffer
		n, err := b.WriteTo(&written)
		f.want(nil, err)
		if n != b.Size() || !bytes.Equal(written.Bytes(), want) {
			f.t.Fatalf("blob of %d bytes differs, of which %d were written", len(want), n)
		}
	}
}

// stage stages content in uneven writes and seals it.
func (f *fixture) stage(content []byte) storage.Staged {
	f.t.Helper()
	st, err := f.Stage()
	f.want(nil, err)
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 10_007)
		_, err := st.Write(rest[:n])
		f.want(nil, err)
		rest = rest[n:]
	}
	f.want(nil, st.Seal())
	return st
}

// Text is n bytes that compress about as mail does. It is the same for the
// same seed.
func Text(seed uint64, n int) []byte {
	words := []string{"the ", "mail ", "Received: from ", "message ", "by ", "=20\r\n", "and ", "<p>", "with ESMTPS; "}
	r := rand.New(rand.NewPCG(seed, 1))
	text := make([]byte, 0, n+16)
	for len(text) < n {
		if r.IntN(4) == 0 {
			text = fmt.Appendf(text, "%x ", r.Uint32())
		} else {
			text = append(text, words[r.IntN(len(words))]...)
		}
	}
	return text[:n]
}

// Noise is n bytes that do not compress.
func Noise(seed uint64, n int) []byte {
	noise := make([]byte, n)
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	_, _ = rand.NewChaCha8(key).Read(noise) // never fails
	return noise
}

// Attachment is n bytes of a message with an attachment in base64, as mail of
// that size mostly is: a little text and lines of noise.
func Attachment(seed uint64, n int) []byte {
	m := Text(seed, min(n, 4<<10))
	encoded := base64.StdEncoding.EncodeToString(Noise(seed, n))
	for len(m) < n {
		m = append(append(m, encoded[:76]...), "\r\n"...)
		encoded = encoded[76:]
	}
	return m[:n]
}
