package memstore

import (
	"bytes"
	"io"
	"sync"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A blob is an open blob; its bytes are never changed.
type blob struct{ *bytes.Reader }

func (blob) Close() error           { return nil }
func (blob) Check(_, _ int64) error { return nil }

// WriteTo writes everything, however often it is called.
func (b blob) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, io.NewSectionReader(b.Reader, 0, b.Size()))
}

// OpenBlob implements [storage.Store].
func (s *Store) OpenBlob(id storage.BlobID) (storage.Blob, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	content, ok := s.blobs[id]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return blob{bytes.NewReader(content)}, nil
}

// Stage implements [storage.Store].
func (s *Store) Stage() (storage.Staged, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	return &staged{}, nil
}

// A staged blob goes from writing to sealed to used. Used is also what
// Discard makes of it.
type staged struct {
	mu      sync.Mutex
	content []byte
	state   stagedState
}

type stagedState uint8

const (
	writing stagedState = iota
	sealed
	used
)

func (st *staged) Write(p []byte) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != writing {
		return 0, storage.ErrStaged
	}
	st.content = append(st.content, p...)
	return len(p), nil
}

func (st *staged) Size() int64 {
	st.mu.Lock()
	defer st.mu.Unlock()
	return int64(len(st.content))
}

func (st *staged) Seal() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != writing {
		return storage.ErrStaged
	}
	st.state = sealed
	return nil
}

func (st *staged) Open() (storage.Blob, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != sealed {
		return nil, storage.ErrStaged
	}
	return blob{bytes.NewReader(st.content)}, nil
}

func (st *staged) Discard() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.state = used
}

func (st *staged) take() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != sealed {
		return false
	}
	st.state = used
	return true
}

func (st *staged) giveBack() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.state = sealed
}

// BlobReader implements [storage.Store]. Everything is in memory: there is
// nothing to read ahead.
func (s *Store) BlobReader() storage.BlobReader { return blobReader{s} }

type blobReader struct{ store *Store }

func (r blobReader) Open(id storage.BlobID, _ []storage.BlobID) (storage.Blob, error) {
	return r.store.OpenBlob(id)
}

func (blobReader) Release() {}
