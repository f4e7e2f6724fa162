package integrity

import (
	"fmt"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// blobs looks for blobs that belong to no message.
func (v *verifier) blobs() error {
	if err := v.countBlobs(); err != nil {
		return err
	}
	unused, bytes, first := 0, int64(0), storage.BlobID(0)
	err := unlinked(v.view, func(id storage.BlobID, size int64) error {
		if unused++; unused == 1 {
			first = id
		}
		bytes += size
		return v.ctx.Err()
	})
	if err == nil && unused > 0 {
		v.found(damage.Finding{
			Severity: damage.Unused, Blob: uint64(first),
			What: fmt.Sprintf("%d contents of %d bytes, this one first, belong to no message", unused, bytes),
			Do:   "stop the server and let `mailstead repair` remove them",
		})
	}
	return err
}

func (v *verifier) countBlobs() error {
	return v.view.EachBlob(func(storage.BlobID, int64) error {
		v.summary.Blobs++
		return v.ctx.Err()
	})
}

// unlinked calls fn for each blob that belongs to no message. It goes through
// blobs and links side by side, both by rising id.
func unlinked(view *embedded.View, fn func(storage.BlobID, int64) error) error {
	var queued []storage.BlobID
	err := queue.EachBlob(view, func(id storage.BlobID) error {
		queued = append(queued, id)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(queued)
	links := &links{scan: view}
	next, stop := iter.Pull(links.all)
	defer stop()
	linked, more := next()
	return view.EachBlob(func(id storage.BlobID, size int64) error {
		for more && linked < id {
			linked, more = next()
		}
		if links.err != nil {
			return links.err
		}
		for len(queued) > 0 && queued[0] < id {
			queued = queued[1:]
		}
		if more && linked == id || len(queued) > 0 && queued[0] == id {
			return nil
		}
		return fn(id, size)
	})
}

// links yields what mailboxes need, by rising blob.
type links struct {
	scan storage.Reader
	err  error
}

func (l *links) all(yield func(storage.BlobID) bool) {
	l.err = mailstore.EachLink(l.scan, func(id storage.BlobID) error {
		if !yield(id) {
			return storage.ErrStop
		}
		return nil
	})
}
