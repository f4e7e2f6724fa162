package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// BenchmarkCommit measures durable commits of a blob and five small keys, as
// a delivery makes them, by several writers at once. Beside them it reports
// how often the same disk can append and sync as many bytes in the same run.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{4 << 10, 75 << 10} {
		for _, writers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("blob=%dK/writers=%d", size>>10, writers), func(b *testing.B) {
				benchmarkCommit(b, size, writers)
			})
		}
	}
}

func benchmarkCommit(b *testing.B, size, writers int) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	texts := make([][]byte, 64)
	for i := range texts {
		texts[i] = mail(uint64(i), size)
	}
	raw := rawSyncs(b, size)
	b.SetBytes(int64(size))
	before, cpu, start := s.Stats(), cpuTime(), time.Now()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := deliver(s, i, texts[i%64]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	n, seconds := float64(b.N), time.Since(start).Seconds()
	after := s.Stats()
	b.ReportMetric(n/seconds, "commits/s")
	b.ReportMetric(n/float64(after.Syncs-before.Syncs), "commits/sync")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/n, "µs-cpu/commit")
	b.ReportMetric(raw, "raw-syncs/s")
	b.ReportMetric(n/seconds/raw, "commits/raw-sync")
}

// mail is a message of a size: text if it is small, else with an attachment.
func mail(seed uint64, size int) []byte {
	if size <= 16<<10 {
		return storagetest.Text(seed, size)
	}
	return storagetest.Attachment(seed, size)
}

// deliver commits what a delivery to one of a thousand accounts writes.
func deliver(s storage.Store, i int64, text []byte) error {
	b := s.NewBatch()
	id := b.AppendBlob(text)
	account := binary.BigEndian.AppendUint32([]byte{0x20}, uint32(i%1000))
	key := func(kind byte) []byte {
		return binary.BigEndian.AppendUint64(append(account[:5:5], kind), uint64(i))
	}
	b.Set(key(1), binary.BigEndian.AppendUint64(make([]byte, 200), uint64(id)))
	b.Set(append(account[:5:5], 2), make([]byte, 60))
	b.Set(key(3), make([]byte, 20))
	b.Set(append(account[:5:5], 4), make([]byte, 16))
	b.Set(append(account[:5:5], 5), make([]byte, 16))
	return storage.Commit(s, b)
}

// BenchmarkCommitAlone measures commits of one writer, each followed by a raw
// append and sync of a file that grows by as many bytes. The two take turns, so
// that what else uses the disk meets both, and the medians are compared.
func BenchmarkCommitAlone(b *testing.B) {
	for _, size := range []int{4 << 10, 75 << 10} {
		b.Run(fmt.Sprintf("blob=%dK", size>>10), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			raw := openRaw(b, size)
			defer raw.Close()
			text := mail(1, size)
			var commits, syncs []time.Duration
			for i := int64(0); b.Loop(); i++ {
				start := time.Now()
				if err := deliver(s, i, text); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				raw.append(b)
				commits = append(commits, between.Sub(start))
				syncs = append(syncs, time.Since(between))
			}
			slices.Sort(commits)
			slices.Sort(syncs)
			commit, sync := commits[len(commits)/2], syncs[len(syncs)/2]
			b.ReportMetric(float64(commit.Microseconds()), "µs/commit")
			b.ReportMetric(float64(sync.Microseconds()), "µs/raw-sync")
			b.ReportMetric(float64(sync)/float64(commit), "commits/raw-sync")
		})
	}
}

// A rawFile grows by as many bytes each time, and is synced.
type rawFile struct {
	*os.File
	bytes []byte
}

func openRaw(b *testing.B, size int) rawFile {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	return rawFile{f, storagetest.Noise(1, size)}
}

func (f rawFile) append(b *testing.B) {
	if _, err := f.Write(f.bytes); err != nil {
		b.Fatal(err)
	}
	if err := syscall.Fdatasync(int(f.Fd())); err != nil {
		b.Fatal(err)
	}
}

// rawSyncs is how many appends of size bytes a second the disk can make
// durable one by one.
func rawSyncs(b *testing.B, size int) float64 {
	f := openRaw(b, size)
	defer f.Close()
	n, start := 0, time.Now()
	for time.Since(start) < 300*time.Millisecond {
		f.append(b)
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkScan reads 100 000 values of half a kilobyte, more than the cache
// holds, in runs of 256, as FETCH and SEARCH read the records of messages.
func BenchmarkScan(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const values, run = 100_000, 256
	fillIndex(b, s, values)
	b.ReportAllocs()
	for b.Loop() {
		for from := uint32(0); from < values; from += run {
			within := storage.Range{Start: benchKey(from), End: benchKey(from + run)}
			if err := s.Scan(within, func(_, _ []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/values, "ns/value")
}

func benchKey(i uint32) []byte { return binary.BigEndian.AppendUint32([]byte("record"), i) }

// fillIndex writes n values, and all of them to tables.
func fillIndex(b *testing.B, s *Store, n uint32) {
	b.Helper()
	text := mail(1, 16<<10)
	for i := uint32(0); i < n; {
		batch := s.NewBatch()
		for range 1000 {
			at := int(i) * 97 % (len(text) - 520)
			batch.Set(benchKey(i), text[at:at+520])
			i++
		}
		if err := storage.Commit(s, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCheckpoint copies the index of as many accounts: three rows each, 600
// bytes in all, beside a log that is half full.
func BenchmarkCheckpoint(b *testing.B) {
	for _, accounts := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("accounts=", accounts), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			fillAccounts(b, s, 0, accounts)
			if err := s.db.Flush(); err != nil {
				b.Fatal(err)
			}
			fillAccounts(b, s, accounts, 10_000)
			cpu := cpuTime()
			for b.Loop() {
				if err := s.Checkpoint(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuTime()-cpu)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}

func fillAccounts(b *testing.B, s *Store, first, count int) {
	row := make([]byte, 180)
	for i := 0; i < count; i += 1000 {
		batch := s.NewBatch()
		for id := first + i; id < first+min(i+1000, count); id++ {
			for space := range byte(3) {
				key := binary.BigEndian.AppendUint64([]byte{0x12 + space}, uint64(id))
				copy(row, mail(uint64(3*id)+uint64(space), len(row)))
				batch.Set(key, row)
			}
		}
		if err := storage.Commit(s, batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind looks for keys in an index of a million, more than the cache
// holds, that are not there: with Find, and with Get.
func BenchmarkFind(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	random := rand.New(rand.NewPCG(1, 2))
	key := func() []byte { return binary.BigEndian.AppendUint64([]byte("reply"), random.Uint64()) }
	for range 1000 {
		batch := s.NewBatch()
		for range 1000 {
			batch.Set(key(), make([]byte, 40))
		}
		if err := storage.Commit(s, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.db.Compact(b.Context(), []byte("a"), []byte("z"), false); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(dst, key []byte) ([]byte, error){"find": s.Find, "get": s.Get} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := read(nil, key()); !errors.Is(err, storage.ErrNotFound) {
					b.Fatal(err)
				}
			}
		})
	}
}
