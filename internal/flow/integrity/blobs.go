package integrity

import (
	"fmt"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// blobs looks for blobs that belong to no message. It goes through blobs and
// links side by side, both by rising id.
func (v *verifier) blobs() error {
	var queued []storage.BlobID
	err := queue.EachBlob(v.view, func(id storage.BlobID) error {
		queued = append(queued, id)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(queued)
	links := &links{scan: v.view}
	next, stop := iter.Pull(links.all)
	defer stop()
	linked, more := next()
	unused, bytes, first := 0, int64(0), storage.BlobID(0)
	err = v.view.EachBlob(func(id storage.BlobID, size int64) error {
		for more && linked < id {
			linked, more = next()
		}
		for len(queued) > 0 && queued[0] < id {
			queued = queued[1:]
		}
		v.summary.Blobs++
		if more && linked == id || len(queued) > 0 && queued[0] == id {
			return v.ctx.Err()
		}
		if unused++; unused == 1 {
			first = id
		}
		bytes += size
		return v.ctx.Err()
	})
	if unused > 0 && links.err == nil {
		v.found(damage.Finding{
			Severity: damage.Unused, Blob: uint64(first),
			What: fmt.Sprintf("%d contents of %d bytes, this one first, belong to no message", unused, bytes),
			Do:   "stop the server and let `mailstead repair` remove them",
		})
	}
	if err == nil {
		err = links.err
	}
	return err
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
