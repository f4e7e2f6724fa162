package embedded

import (
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Defaults of [Options].
const (
	DefaultPackSize     = 128 << 20
	DefaultMemTableSize = 16 << 20
	DefaultCacheSize    = 16 << 20
	DefaultBallastSize  = 32 << 20
	DefaultOpenPacks    = 128
	DefaultReadAhead    = 4 << 20
	DefaultOpenKeys     = 512
)

// Options of a store. The zero value of a field stands for its default.
type Options struct {
	// FS is the file system; the default is that of the machine.
	FS vfs.FS
	// Logger gets the events of the store, and those of Pebble.
	Logger *slog.Logger
	// PackSize is the size in bytes from which on a new pack is begun.
	PackSize int64
	// MemTableSize is the size in bytes of a memtable of the index.
	MemTableSize int
	// CacheSize is the size in bytes of the cache for blocks of the index.
	CacheSize int64
	// BallastSize is the size in bytes of the file that is given up when the
	// disk is full, so that the index can finish what it has begun.
	BallastSize int64
	// OpenPacks is how many packs without readers are kept open.
	OpenPacks int
	// OpenKeys is how many files of the index are kept open.
	OpenKeys int
	// Reserved is the lowest file descriptor that no staged blob may take:
	// this one and those above are for packs and the index. Zero reserves
	// none.
	Reserved int
	// ReadAhead is how many bytes of blobs all readers together may have read
	// ahead. A reader beyond that reads one blob at a time.
	ReadAhead int64
	// OnFatal is called once, when the store can no longer tell what is
	// durable: after a failed fsync or a failed write, or when Pebble gives
	// up. It should end the process, which is what the default does after
	// logging. If it returns, every later commit fails with the same error.
	OnFatal func(error)
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.PackSize = orDefault(o.PackSize, DefaultPackSize)
	o.MemTableSize = orDefault(o.MemTableSize, DefaultMemTableSize)
	o.CacheSize = orDefault(o.CacheSize, DefaultCacheSize)
	o.BallastSize = orDefault(o.BallastSize, DefaultBallastSize)
	o.OpenPacks = orDefault(o.OpenPacks, DefaultOpenPacks)
	o.OpenKeys = orDefault(o.OpenKeys, DefaultOpenKeys)
	o.ReadAhead = orDefault(o.ReadAhead, DefaultReadAhead)
	if o.OnFatal == nil {
		logger := o.Logger
		o.OnFatal = func(err error) {
			logger.Error("storage failed, the process ends", "err", err)
			os.Exit(1)
		}
	}
	return o
}

func orDefault[T int | int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
