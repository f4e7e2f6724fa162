package integrity

import (
	"context"
	"errors"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// Options of [Verify]. All may be zero.
type Options struct {
	// Found is called with each thing that is wrong.
	Found func(damage.Finding)
	// Progress is called now and then.
	Progress func(Progress)
	// Quick leaves the content of messages unread: only the index is checked,
	// and what it says of the content.
	Quick bool
	// Now is what the time of the queue is held against; the present if zero.
	Now time.Time
}

// Progress says how far a [Verify] is.
type Progress struct {
	Stage string `json:"stage"` // "packs" or "mail"
	Done  int64  `json:"done"`  // bytes of packs, or messages
	Total int64  `json:"total,omitempty"`
}

// A Summary counts what has been read and found.
type Summary struct {
	Packs      int   `json:"packs"`
	Bytes      int64 `json:"bytes"` // of packs
	Blobs      int   `json:"blobs"`
	Domains    int   `json:"domains"`
	Accounts   int   `json:"accounts"` // with mail
	Mailboxes  int   `json:"mailboxes"`
	Messages   int64 `json:"messages"`
	Queued     int   `json:"queued"`
	Recipients int   `json:"recipients"` // of queued messages
	Events     int   `json:"events"`     // of the journal
	// What was found, by severity.
	Lost   int `json:"lost"`
	Wrong  int `json:"wrong"`
	Unused int `json:"unused"`
}

// Clean reports whether all mail is there and nothing contradicts anything else.
// Space that nobody uses is no reason to doubt that.
func (s *Summary) Clean() bool { return s.Lost == 0 && s.Wrong == 0 }

// Verify checks a whole store. It returns an error only if it could not go on:
// damage is told to Options.Found and counted in the Summary.
func Verify(ctx context.Context, view *embedded.View, o Options) (Summary, error) {
	v := &verifier{ctx: ctx, view: view, options: o, broken: make(map[storage.BlobID]bool)}
	if v.options.Found == nil {
		v.options.Found = func(damage.Finding) {}
	}
	if v.options.Progress == nil {
		v.options.Progress = func(Progress) {}
	}
	if v.options.Now.IsZero() {
		v.options.Now = time.Now()
	}
	for _, check := range []func() error{v.packs, v.directory, v.mail, v.queue, v.others, v.blobs} {
		err := check()
		if errors.Is(err, storage.ErrCorrupt) {
			v.found(damage.Finding{Severity: damage.Lost, What: "the index is damaged here: " + err.Error(), Do: "stop the server and make the index again with `mailstead repair --rebuild-index`"})
			err = nil
		}
		if err != nil {
			return v.summary, err
		}
	}
	return v.summary, nil
}

// maxBroken bounds the blobs that are remembered as unreadable: beyond so many,
// it does not matter any more whose they are.
const maxBroken = 1 << 20

// A verifier is one run of Verify.
type verifier struct {
	ctx     context.Context
	view    *embedded.View
	options Options
	summary Summary
	broken  map[storage.BlobID]bool
	names   map[directory.AccountID]string
}

func (v *verifier) found(f damage.Finding) {
	switch f.Severity {
	case damage.Lost:
		v.summary.Lost++
	case damage.Wrong:
		v.summary.Wrong++
	case damage.Unused:
		v.summary.Unused++
	}
	if f.Address == "" {
		f.Address = v.names[directory.AccountID(f.Account)]
	}
	v.options.Found(f)
}

func (v *verifier) packs() error {
	if v.options.Quick {
		return nil
	}
	n, err := v.view.Verify(v.ctx, embedded.VerifyOptions{
		Found: v.found,
		Broken: func(id storage.BlobID) {
			if len(v.broken) < maxBroken {
				v.broken[id] = true
			}
		},
		Progress: func(done, total int64) { v.options.Progress(Progress{"packs", done, total}) },
	})
	v.summary.Packs, v.summary.Bytes = n.Packs, n.Bytes
	return err
}

func (v *verifier) directory() error {
	d, err := directory.Verify(v.ctx, v.view, v.found)
	v.names, v.summary.Domains = d.Accounts, d.Domains
	return err
}

func (v *verifier) mail() error {
	n, err := mailstore.Verify(v.ctx, v.view, mailstore.VerifyOptions{
		Blob:     v.view.BlobSize,
		Broken:   func(id storage.BlobID) bool { return v.broken[id] },
		Found:    v.found,
		Account:  v.owner,
		Progress: func(n mailstore.Verified) { v.options.Progress(Progress{Stage: "mail", Done: n.Messages}) },
	})
	v.summary.Accounts, v.summary.Mailboxes, v.summary.Messages = n.Accounts, n.Mailboxes, n.Messages
	return err
}

// owner wants the directory to know whose mail it is.
func (v *verifier) owner(id mailstore.AccountID) {
	if _, ok := v.names[directory.AccountID(id)]; !ok {
		v.found(damage.Finding{
			Severity: damage.Unused, Account: uint64(id), What: "there is mail of an account that the directory does not have",
			Do: "if the account was removed, nothing need be done; if it was lost, restore the directory from a backup",
		})
	}
}

func (v *verifier) queue() error {
	n, err := queue.Verify(v.ctx, v.view, queue.VerifyOptions{
		Blob:   v.view.BlobSize,
		Broken: func(id storage.BlobID) bool { return v.broken[id] },
		Found:  v.found,
		Now:    v.options.Now,
	})
	v.summary.Queued, v.summary.Recipients = n.Messages, n.Recipients
	return err
}

func (v *verifier) others() error {
	n, err := journal.Verify(v.ctx, v.view, v.found)
	v.summary.Events = n
	return errors.Join(err, maildrop.Verify(v.ctx, v.view, v.found), peers.Verify(v.ctx, v.view, v.found))
}
