package mailstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// VerifyOptions are what [Verify] needs besides the keys. Blob and Found must
// be set.
type VerifyOptions struct {
	// Blob returns the size of a blob; storage.ErrNotFound if there is none.
	Blob func(storage.BlobID) (int64, error)
	// Broken says whether the bytes of a blob cannot be read; nil if nobody
	// has looked.
	Broken func(storage.BlobID) bool
	// Found is called with each thing that is wrong.
	Found func(damage.Finding)
	// Account is called with each account of which there is mail; nil for
	// nobody.
	Account func(AccountID)
	// Progress is called after each account with what has been read so far.
	// It may be nil.
	Progress func(Verified)
}

// A Verified counts what [Verify] has read.
type Verified struct {
	Accounts  int
	Mailboxes int
	Messages  int64
	Records   int64
}

// What a person can do about findings.
const (
	adviceRepair  = "stop the server and let `mailstead repair` set it right"
	adviceContent = "restore the message from a backup, or delete it; until then reading it fails and the others are not touched"
)

// Verify reads all accounts and checks what the package promises of them: the
// counts of mailboxes and accounts against their messages, UIDs, MODSEQs and
// ids against the counters that they were drawn from, each message against its
// record and its blob, and references both ways. It returns an error only if it
// could not go on. Its memory is some 24 bytes for each message of the largest
// account.
func Verify(ctx context.Context, r storage.Reader, o VerifyOptions) (Verified, error) {
	v := &verifier{ctx: ctx, reader: r, options: o}
	if v.options.Broken == nil {
		v.options.Broken = func(storage.BlobID) bool { return false }
	}
	if v.options.Account == nil {
		v.options.Account = func(AccountID) {}
	}
	if v.options.Progress == nil {
		v.options.Progress = func(Verified) {}
	}
	err := v.run()
	return v.count, err
}

// EachLink calls fn for each blob that a record needs, by rising blob; more than
// once for a blob that several need.
func EachLink(r storage.Reader, fn func(storage.BlobID) error) error {
	return r.Scan(prefixed(key{spaceLink}), func(k, _ []byte) error {
		if len(k) != linkKeySize {
			return nil // Verify speaks of it
		}
		return fn(storage.BlobID(lastU64(k, 3)))
	})
}

const linkKeySize = 1 + 3*8

// A verifier is one run of Verify.
type verifier struct {
	ctx     context.Context
	reader  storage.Reader
	options VerifyOptions
	count   Verified
	pending []pendingOrphan // by account and record
	links   int64           // that records should have and do have
}

// A pendingOrphan says that a record has lost an instance, and that the
// collector has not seen to it yet.
type pendingOrphan struct {
	account AccountID
	record  RecordID
}

func (p pendingOrphan) compare(q pendingOrphan) int {
	return cmp.Or(cmp.Compare(p.account, q.account), cmp.Compare(p.record, q.record))
}

func (v *verifier) run() error {
	if err := v.readOrphans(); err != nil {
		return err
	}
	for id := AccountID(0); ; id++ {
		var more bool
		var err error
		if id, more, err = v.nextAccount(id); err != nil || !more {
			return errors.Join(err, v.checkIndexes())
		}
		if err := v.account(id); err != nil {
			return err
		}
		v.count.Accounts++
		v.options.Account(id)
		v.options.Progress(v.count)
		if id == ^AccountID(0) {
			return v.checkIndexes()
		}
	}
}

// nextAccount returns the first account from id on of which there is any key.
func (v *verifier) nextAccount(id AccountID) (next AccountID, more bool, err error) {
	if err := v.ctx.Err(); err != nil {
		return 0, false, err
	}
	err = v.reader.Scan(storage.Range{Start: accountKey(id, 0), End: key{spaceAccount + 1}}, func(k, _ []byte) error {
		if len(k) < 1+8 {
			return nil
		}
		next, more = AccountID(binary.BigEndian.Uint64(k[1:])), true
		return storage.ErrStop
	})
	return next, more, err
}

func (v *verifier) readOrphans() error {
	err := v.reader.Scan(prefixed(key{spaceOrphan}), func(k, value []byte) error {
		d := decoder{b: value}
		ids := d.recordIDs()
		account := orphanAccount(k)
		if err := d.end("orphan entry"); err != nil {
			v.found(account, damage.Finding{Severity: damage.Unused, What: "a note of expunged messages cannot be read; their space is not given back", Do: adviceRepair})
			return nil
		}
		for _, id := range ids {
			v.pending = append(v.pending, pendingOrphan{account, id})
		}
		return v.ctx.Err()
	})
	slices.SortFunc(v.pending, pendingOrphan.compare)
	return err
}

// orphansOf returns the records of an account that have lost instances, by
// rising id; those that lost several are there several times.
func (v *verifier) orphansOf(id AccountID) []pendingOrphan {
	first, _ := slices.BinarySearchFunc(v.pending, pendingOrphan{account: id}, pendingOrphan.compare)
	rest := v.pending[first:]
	n := slices.IndexFunc(rest, func(p pendingOrphan) bool { return p.account != id })
	if n < 0 {
		n = len(rest)
	}
	return rest[:n]
}

func (v *verifier) found(id AccountID, f damage.Finding) {
	f.Account = uint64(id)
	v.options.Found(f)
}

// checkIndexes checks what leads to accounts from elsewhere.
func (v *verifier) checkIndexes() error {
	var links int64
	err := v.reader.Scan(prefixed(key{spaceLink}), func(_, _ []byte) error {
		links++
		return nil
	})
	if err == nil && links != v.links {
		err = v.strayLinks()
	}
	return errors.Join(err, v.grants())
}

// strayLinks finds the links that no record has.
func (v *verifier) strayLinks() error {
	return v.reader.Scan(prefixed(key{spaceLink}), func(k, _ []byte) error {
		if !v.linkHolds(k) {
			f := damage.Finding{Severity: damage.Unused, What: "a content is kept for a message that is not there", Do: adviceRepair}
			if len(k) == linkKeySize {
				f.Account, f.Blob = lastU64(k, 2), lastU64(k, 3)
			}
			v.options.Found(f)
		}
		return v.ctx.Err()
	})
}

// linkHolds says whether a link leads to a record that needs the blob. A record
// that cannot be read may.
func (v *verifier) linkHolds(k []byte) bool {
	if len(k) != linkKeySize {
		return false
	}
	blob, account, id := storage.BlobID(lastU64(k, 3)), AccountID(lastU64(k, 2)), RecordID(lastU64(k, 1))
	stored, err := v.reader.Get(nil, recordKey(account, id))
	if err != nil {
		return !errors.Is(err, storage.ErrNotFound)
	}
	rec, err := parseRecord(stored)
	return err != nil || rec.blob == blob
}

// grants checks that what the index of grantees names has granted it.
func (v *verifier) grants() error {
	return v.reader.Scan(prefixed(key{spaceGrant}), func(k, _ []byte) error {
		if !v.grantHolds(k) {
			owner, id := grantedBy(k)
			v.found(owner, damage.Finding{Severity: damage.Wrong, What: fmt.Sprintf("an account is led to mailbox %s, which grants it nothing", id), Do: adviceRepair})
		}
		return v.ctx.Err()
	})
}

// grantHolds says whether the mailbox of an entry of the index of grantees
// names the grantee.
func (v *verifier) grantHolds(k []byte) bool {
	if len(k) != 1+8+8+4 {
		return false
	}
	grantee := AccountID(binary.BigEndian.Uint64(k[1:]))
	owner, id := grantedBy(k)
	stored, err := v.reader.Get(nil, mailboxKey(owner, id))
	if err != nil {
		return !errors.Is(err, storage.ErrNotFound)
	}
	box, err := parseMailbox(id, stored)
	return err != nil || slices.ContainsFunc(box.Grants, func(g Grant) bool { return g.Grantee == grantee })
}

// maxModSeq is the largest MODSEQ that a client understands (RFC 7162 §9).
const maxModSeq = imap.ModSeq(1<<63 - 1)
