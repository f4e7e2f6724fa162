package mailstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// MaxAnnotation is how large the value of an annotation can be at most, in
// bytes, whatever the options say.
const MaxAnnotation = storage.MaxValueSize - 1<<10

// Annotations stand under the mailbox's id, so that they follow it through
// renames and go with it. A private one stands further under its reader's
// account, which is not the mailbox's where it is shared; one that all share
// under zero. Id zero is that of the server, as the account sees it.

func annotationsOf(a AccountID, id MailboxID) storage.Range {
	return prefixed(accountKey(a, keyAnnotation).u32(uint32(id)))
}

func annotationsPrefix(a AccountID, id MailboxID, reader AccountID) key {
	return accountKey(a, keyAnnotation).u32(uint32(id)).u64(uint64(reader))
}

func annotationKey(a AccountID, id MailboxID, reader AccountID, entry string) key {
	return append(annotationsPrefix(a, id, reader), entry...)
}

// annotationSize is what an annotation counts against the account's limit.
func annotationSize(key, value []byte) int64 { return int64(len(key) + len(value)) }

// readerOf returns under whom the entry stands.
func readerOf(reader AccountID, entry string) AccountID {
	if imap.IsPrivateEntry(entry) {
		return reader
	}
	return 0
}

// MaxAnnotationSize returns how large the value of an annotation can be.
func (a *Account) MaxAnnotationSize() int { return a.store.options.AnnotationSize }

// Annotations returns the annotations of a mailbox, zero for the server, that
// reader sees: those that are shared, then its own, each by rising name. The
// special uses of a mailbox are not among them; see [imap.EntrySpecialUse].
func (a *Account) Annotations(ctx context.Context, id MailboxID, reader AccountID) ([]imap.Annotation, error) {
	if err := a.hasMailbox(ctx, id); err != nil {
		return nil, err
	}
	var list []imap.Annotation
	for _, who := range [...]AccountID{0, reader} {
		prefix := annotationsPrefix(a.id, id, who)
		err := a.store.storage.Scan(prefixed(prefix), func(k, value []byte) error {
			list = append(list, imap.Annotation{
				Entry: string(k[len(prefix):]),
				Value: append([]byte{}, value...),
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Annotation returns the value of one entry, given in canonical form; nil if
// there is none.
func (a *Account) Annotation(ctx context.Context, id MailboxID, reader AccountID, entry string) ([]byte, error) {
	if err := a.hasMailbox(ctx, id); err != nil {
		return nil, err
	}
	value, err := a.store.storage.Get([]byte{}, annotationKey(a.id, id, readerOf(reader, entry), entry))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return value, err
}

func (a *Account) hasMailbox(ctx context.Context, id MailboxID) error {
	tree, err := a.Mailboxes(ctx)
	if err != nil {
		return err
	}
	if _, ok := tree.Get(id); !ok && id != 0 {
		return ErrNoMailbox
	}
	return nil
}

// Annotate sets annotations of a mailbox, zero for the server, as reader: all
// of them or none. A value of nil removes. [imap.EntrySpecialUse] of the
// account's own mailboxes sets their special uses (RFC 6154 §4), which other
// mailboxes then lose. It returns the
// MODSEQ of the change, zero if everything was so already.
func (a *Account) Annotate(ctx context.Context, id MailboxID, reader AccountID, list []imap.Annotation) (imap.ModSeq, error) {
	for i := range list {
		entry, err := imap.CheckEntry(list[i].Entry)
		if err != nil || !imap.HasValue(entry) {
			return 0, ErrBadEntry
		}
		if len(list[i].Value) > a.store.options.AnnotationSize {
			return 0, ErrAnnotationTooLarge
		}
	}
	var modSeq imap.ModSeq
	err := a.change(ctx, func(t *tx) error {
		err := t.annotate(id, reader, list)
		modSeq = 0
		if t.dirty() {
			modSeq = t.modSeq
		}
		return err
	})
	return modSeq, err
}

func (t *tx) annotate(id MailboxID, reader AccountID, list []imap.Annotation) error {
	if _, ok := t.base.tree.Get(id); !ok && id != 0 {
		return ErrNoMailbox
	}
	if err := t.drain(); err != nil {
		return err
	}
	added := make(map[AccountID]int)
	for _, one := range last(list) {
		if one.Entry == imap.EntrySpecialUse && id != 0 {
			if err := t.setUses(id, reader, one.Value); err != nil {
				return err
			}
			continue
		}
		who := readerOf(reader, one.Entry)
		more, err := t.setAnnotation(id, who, one)
		if err != nil {
			return err
		}
		added[who] += more
	}
	return t.checkAnnotations(id, added)
}

// last returns list with canonical names, and of entries that come twice only
// the last.
func last(list []imap.Annotation) []imap.Annotation {
	var out []imap.Annotation
	at := make(map[string]int)
	for _, one := range list {
		one.Entry = strings.ToLower(one.Entry)
		if i, twice := at[one.Entry]; twice {
			out[i] = one
			continue
		}
		at[one.Entry] = len(out)
		out = append(out, one)
	}
	return out
}

// drain makes what is stored the same as the head.
func (t *tx) drain() error {
	if !t.account.drain() {
		return errors.Join(errStale, t.account.lost)
	}
	return nil
}

// setAnnotation sets one annotation. It returns by how many there are more.
func (t *tx) setAnnotation(id MailboxID, who AccountID, one imap.Annotation) (more int, err error) {
	k := annotationKey(t.account.id, id, who, one.Entry)
	old, err := t.store.storage.Get([]byte{}, k)
	exists := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return 0, err
	}
	if exists == (one.Value != nil) && bytes.Equal(old, one.Value) {
		return 0, nil
	}
	t.log(Change{Kind: Annotated, Mailbox: id, Name: one.Entry, Reader: who})
	if exists {
		t.next.annotations -= annotationSize(k, old)
		more--
	}
	if one.Value == nil {
		t.batch.Delete(k)
		return more, nil
	}
	t.batch.Set(k, one.Value)
	t.next.annotations += annotationSize(k, one.Value)
	return more + 1, nil
}

// checkAnnotations applies the limits to what has grown: what became too much
// by a new limit can still be removed.
func (t *tx) checkAnnotations(id MailboxID, added map[AccountID]int) error {
	for who, n := range added {
		if n <= 0 {
			continue
		}
		err := t.store.storage.Scan(prefixed(annotationsPrefix(t.account.id, id, who)), func(_, _ []byte) error {
			n++
			return nil
		})
		if err != nil {
			return err
		}
		if n > t.store.options.Annotations {
			return ErrTooManyAnnotations
		}
	}
	if t.next.annotations > max(t.base.annotations, t.store.options.AnnotationBytes) {
		return ErrTooManyAnnotations
	}
	return nil
}

// setUses sets the special uses of a mailbox from a list of them with spaces
// between. They are the account's own business.
func (t *tx) setUses(id MailboxID, reader AccountID, value []byte) error {
	var uses []imap.MailboxAttr
	for word := range strings.FieldsSeq(string(value)) {
		uses = append(uses, imap.MailboxAttr(word))
	}
	uses, err := checkUses(uses)
	if err != nil || reader != t.account.id {
		return fmt.Errorf("%w: %q", ErrBadUse, value)
	}
	if err := t.takeUses(id, uses); err != nil {
		return err
	}
	return t.setSpecialUse(id, uses)
}

// takeUses takes uses away from the other mailboxes: a client that gives one to
// a mailbox wants to have it there (RFC 6154 §5.4).
func (t *tx) takeUses(id MailboxID, uses []imap.MailboxAttr) error {
	for box := range t.base.tree.All() {
		if box.ID == id {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(box.SpecialUse), func(use imap.MailboxAttr) bool {
			return slices.Contains(uses, use)
		})
		if len(kept) == len(box.SpecialUse) {
			continue
		}
		if err := t.setSpecialUse(box.ID, kept); err != nil {
			return err
		}
	}
	return nil
}

// copyAnnotations gives a mailbox that is new those of another.
func (t *tx) copyAnnotations(from, to MailboxID) error {
	if t.base.annotations == 0 {
		return nil
	}
	if err := t.drain(); err != nil {
		return err
	}
	prefix := accountKey(t.account.id, keyAnnotation).u32(uint32(from))
	err := t.store.storage.Scan(prefixed(prefix), func(k, value []byte) error {
		copied := append(accountKey(t.account.id, keyAnnotation).u32(uint32(to)), k[len(prefix):]...)
		t.batch.Set(copied, value)
		t.next.annotations += annotationSize(copied, value)
		return nil
	})
	if err == nil && t.next.annotations-t.base.annotations > enoughForBatch {
		err = ErrTooManyAnnotations
	}
	if err != nil {
		return err
	}
	return t.checkAnnotations(to, nil)
}

// forgetAnnotations counts those of a mailbox that is being deleted.
func (t *tx) forgetAnnotations(id MailboxID) error {
	if t.base.annotations == 0 {
		return nil
	}
	if err := t.drain(); err != nil {
		return err
	}
	return t.store.storage.Scan(annotationsOf(t.account.id, id), func(k, value []byte) error {
		t.next.annotations -= annotationSize(k, value)
		return nil
	})
}
