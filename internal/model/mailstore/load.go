package mailstore

import (
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// loadState reads an account, without its messages. It returns
// storage.ErrNotFound if there is no such account.
func loadState(r storage.Reader, id AccountID) (*state, map[MailboxID]imap.UID, error) {
	l := loader{account: id, recent: make(map[MailboxID]imap.UID), tree: new(Tree)}
	if err := r.Scan(kinds(id, keyAccount, keyPage), l.take); err != nil {
		return nil, nil, err
	}
	if l.stored == nil {
		return nil, nil, storage.ErrNotFound
	}
	l.tree.modSeq = l.counters.modSeq
	l.tree.order = sortByName(l.tree.byID)
	return &state{
		counters: l.counters,
		stored:   l.stored,
		tree:     l.tree,
		mail:     make([]contents, len(l.tree.byID)),
	}, l.recent, nil
}

type loader struct {
	account  AccountID
	counters counters
	stored   []byte
	tree     *Tree
	recent   map[MailboxID]imap.UID
}

func (l *loader) take(k, value []byte) error {
	const kindAt = 1 + 8
	var err error
	switch k[kindAt] {
	case keyAccount:
		l.stored = append([]byte{}, value...)
		l.counters, err = parseCounters(l.stored)
	case keyMailbox:
		var m *Mailbox
		if m, err = parseMailbox(MailboxID(lastU32(k)), value); err == nil {
			l.tree.byID = append(l.tree.byID, m)
		}
	case keySubscription:
		l.tree.subscriptions = append(l.tree.subscriptions, string(k[kindAt+1:]))
	case keyRecent:
		d := decoder{b: value}
		l.recent[MailboxID(lastU32(k))] = imap.UID(d.uvarint())
		err = d.end("watermark of recent messages")
	}
	return err
}

// loadVersion reads all messages of a mailbox.
func loadVersion(r storage.Reader, account AccountID, box *Mailbox) (*Version, error) {
	var (
		chunks []*chunk
		pages  []*page
	)
	flush := func() {
		if len(pages) > 0 {
			chunks = append(chunks, newChunk(pages[0].no>>chunkBits, pages))
			pages = nil
		}
	}
	err := r.Scan(prefixed(accountKey(account, keyPage).u32(uint32(box.ID))), func(k, value []byte) error {
		p, err := parsePage(lastU32(k), value)
		if err != nil {
			return err
		}
		if len(pages) > 0 && pages[0].no>>chunkBits != p.no>>chunkBits {
			flush()
		}
		pages = append(pages, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	flush()
	return newVersion(box, chunks), nil
}

// loadPage reads one page; a page without messages has none stored.
func loadPage(r storage.Reader, account AccountID, id MailboxID, no uint32) (*page, error) {
	stored, err := r.Get(nil, pageKey(account, id, no))
	if errors.Is(err, storage.ErrNotFound) {
		return newPage(no, nil), nil
	}
	if err != nil {
		return nil, err
	}
	return parsePage(no, stored)
}
