package mailstore

import (
	"errors"
	"io"
	"slices"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// keepInMemory is the size up to which an incoming message is held in memory.
const keepInMemory = 256 << 10

// An Ingest takes in a message as it comes from the network: it keeps a small
// one in memory, stages a large one, and scans it in the same pass. It is not
// for concurrent use.
type Ingest struct {
	store   *Store
	limit   int64
	size    int64
	scanner *message.Scanner
	memory  []byte // until there is a staged blob
	staged  storage.Staged
	err     error
}

// NewIngest returns a writer that takes in a message of at most limit bytes
// (any number if limit is zero or negative).
func (s *Store) NewIngest(limit int64) *Ingest {
	return &Ingest{store: s, limit: limit, scanner: message.NewScanner(message.Limits{})}
}

// Write takes the next bytes. Beyond the limit it returns ErrTooLarge, and
// goes on doing so.
func (i *Ingest) Write(p []byte) (int, error) {
	if i.err != nil {
		return 0, i.err
	}
	if i.limit > 0 && i.size+int64(len(p)) > i.limit {
		i.fail(ErrTooLarge)
		return 0, i.err
	}
	if err := i.keep(p); err != nil {
		i.fail(err)
		return 0, err
	}
	i.size += int64(len(p))
	return i.scanner.Write(p)
}

// keep puts p into memory or into the staged blob.
func (i *Ingest) keep(p []byte) error {
	if i.staged == nil && len(i.memory)+len(p) <= keepInMemory {
		if i.memory == nil {
			i.memory = i.store.buffers.get()
		}
		i.memory = append(i.memory, p...)
		return nil
	}
	if i.staged == nil {
		staged, err := i.store.storage.Stage()
		if err != nil {
			return err
		}
		i.staged = staged
		if _, err := staged.Write(i.memory); err != nil {
			return err
		}
		i.store.buffers.put(i.memory)
		i.memory = nil
	}
	_, err := i.staged.Write(p)
	return err
}

// ReadFrom takes all that r gives, as Write does, but lets r write into the
// memory that keeps the message: io.Copy would allocate 32 KB for each message
// and copy all of it once more.
func (i *Ingest) ReadFrom(r io.Reader) (taken int64, err error) {
	var spare []byte // for what is staged
	defer func() { i.store.buffers.put(spare) }()
	for i.err == nil {
		into := i.room()
		if into == nil {
			if spare == nil {
				spare = i.store.buffers.get()
				spare = spare[:cap(spare)]
			}
			into = spare
		}
		n, err := r.Read(into)
		if _, failed := i.Write(into[:n]); failed != nil {
			return taken, failed
		}
		taken += int64(n)
		if errors.Is(err, io.EOF) {
			return taken, nil
		}
		if err != nil {
			return taken, err
		}
	}
	return taken, i.err
}

// leastRead is the least room in memory that is worth reading into.
const leastRead = 512

// room returns memory behind the message as it is, nil if the next bytes are
// to be staged.
func (i *Ingest) room() []byte {
	if i.staged != nil || len(i.memory)+leastRead > keepInMemory {
		return nil
	}
	if i.memory == nil {
		i.memory = i.store.buffers.get()
	}
	if cap(i.memory)-len(i.memory) < leastRead {
		i.memory = slices.Grow(i.memory, leastRead)
	}
	return i.memory[len(i.memory):min(cap(i.memory), keepInMemory)]
}

// Size returns the bytes taken so far.
func (i *Ingest) Size() int64 { return i.size }

// Finish ends the message. The Ingest is done then; Discard need not be
// called, and does nothing.
func (i *Ingest) Finish() (*Content, error) {
	if i.err != nil {
		return nil, i.err
	}
	if i.staged != nil {
		if err := i.staged.Seal(); err != nil {
			i.fail(err)
			return nil, err
		}
	}
	c := &Content{
		store:     i.store,
		size:      i.size,
		memory:    i.memory,
		staged:    i.staged,
		structure: i.scanner.Finish(),
	}
	c.encoded = c.structure.AppendBinary(nil)
	i.memory, i.staged, i.err = nil, nil, ErrClosed
	if err := c.keepFields(); err != nil {
		c.Discard()
		return nil, err
	}
	return c, nil
}

// Discard drops an unfinished message. It may always be called.
func (i *Ingest) Discard() {
	if i.err == nil {
		i.fail(ErrClosed)
	}
}

// fail frees what is held and makes all later calls fail.
func (i *Ingest) fail(err error) {
	i.err = err
	i.store.buffers.put(i.memory)
	i.memory = nil
	if i.staged != nil {
		i.staged.Discard()
		i.staged = nil
	}
}
