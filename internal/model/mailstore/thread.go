package mailstore

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// A ThreadID names the conversation that a message belongs to, in its account
// (RFC 8474 THREADID). It never changes.
//
// It is the hash of the Message-ID that the conversation began with: of the
// first of References, or of In-Reply-To, or of the message's own. So it mostly
// needs no memory: a reply has the thread of its root, whichever came first,
// and messages from before there were threads have theirs too. Software that
// names only the parent, or cuts References short, would begin a new thread
// with each reply. Therefore the store remembers the threads of replies by
// their Message-IDs, and a new reply asks for the first one that it names. If
// that told it another thread than its header does, its record says so.
//
// A reply that is stored before the answer to its parent is durable does not
// find it. When a reply is removed, so is the memory of it.
type ThreadID uint64

// String returns the id in a form for object ids (RFC 8474).
func (id ThreadID) String() string { return strconv.FormatUint(uint64(id), 36) }

// threadLinks are the Message-IDs that say what thread a message is in. Zero is
// none.
type threadLinks struct {
	own  ThreadID
	root ThreadID // the first one referred to
}

// linksOf returns the links of a message from the fields that records keep of
// it, or if they keep none from its envelope.
func linksOf(fields message.Header, envelope func() (*message.Envelope, error)) (threadLinks, error) {
	if len(fields) == 0 {
		e, err := envelope()
		if err != nil {
			return threadLinks{}, err
		}
		return makeLinks(e.MessageID, "", e.InReplyTo), nil
	}
	var own, references, inReplyTo string
	for f := range fields.Fields() {
		switch {
		case own == "" && f.Is("Message-ID"):
			own = f.Text()
		case references == "" && f.Is("References"):
			references = f.Text()
		case inReplyTo == "" && f.Is("In-Reply-To"):
			inReplyTo = f.Text()
		}
	}
	return makeLinks(own, references, inReplyTo), nil
}

func makeLinks(own, references, inReplyTo string) (l threadLinks) {
	l.own = hashFirst(own)
	if l.root = hashFirst(references); l.root == 0 {
		l.root = hashFirst(inReplyTo)
	}
	return l
}

// hashFirst returns the hash of the first Message-ID in a value, zero if there
// is none.
func hashFirst(value string) ThreadID {
	for value != "" {
		first, rest, _ := strings.Cut(value, ">")
		if ids := message.ParseMessageIDs(value[:len(value)-len(rest)]); len(ids) > 0 {
			return hashID(ids[0])
		}
		if len(first) == len(value) {
			break
		}
		value = rest
	}
	return 0
}

// hashID returns the hash of a Message-ID: the same on all machines, for ever.
func hashID(id string) ThreadID {
	return hashBytes(imapthread.AppendID(make([]byte, 0, 128), id))
}

func hashBytes(b []byte) ThreadID {
	sum := sha256.Sum256(b)
	return max(1, ThreadID(binary.BigEndian.Uint64(sum[:])))
}

// plain returns the thread that a header alone tells of: that of the root, or
// one that is the record's alone.
func (l *threadLinks) plain(id RecordID) ThreadID {
	switch {
	case l.root != 0:
		return l.root
	case l.own != 0:
		return l.own
	}
	return hashBytes(binary.BigEndian.AppendUint64([]byte("record "), uint64(id)))
}

// Thread returns the thread that the message belongs to.
func (m *Message) Thread() (ThreadID, error) {
	if m.record.thread != 0 {
		return m.record.thread, nil
	}
	l, err := linksOf(m.record.fields, m.Envelope)
	if err != nil {
		return 0, err
	}
	return l.plain(m.id), nil
}

// links returns the links of a content that is to be stored.
func (c *Content) links() threadLinks {
	if !c.linked {
		c.threads, _ = linksOf(c.fields, func() (*message.Envelope, error) { return c.structure.Envelope, nil })
		c.linked = true
	}
	return c.threads
}

// enterThread finds the thread of a new message and remembers it for replies.
// It returns zero where the header tells it. What is no reply reads nothing and
// writes nothing.
func (t *tx) enterThread(id RecordID, l threadLinks) (ThreadID, error) {
	if l.root == 0 {
		return 0, nil
	}
	thread, err := t.store.rememberedThread(t.account.id, l.root)
	if err != nil {
		return 0, err
	}
	if thread == 0 {
		thread = l.root
	}
	if l.own != 0 {
		value := make(key, 0, 16).u64(uint64(thread)).u64(uint64(id))
		t.batch.Set(threadKey(t.account.id, l.own), value)
	}
	if thread == l.root {
		return 0, nil
	}
	return thread, nil
}

// rememberedThread returns the thread of a reply by its Message-ID, zero if
// there is none.
func (s *Store) rememberedThread(a AccountID, id ThreadID) (ThreadID, error) {
	value, err := s.storage.Find(nil, threadKey(a, id)) // few are replies to replies
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(value) != 16 {
		return 0, fmt.Errorf("%w: thread of a reply", ErrCorrupt)
	}
	return ThreadID(lastU64(value, 2)), nil
}

// forgetThread removes what is remembered of the thread of a reply whose record
// goes.
func (c *collector) forgetThread(id RecordID, rec *record) error {
	l, err := linksOf(rec.fields, func() (*message.Envelope, error) {
		return message.DecodeEnvelope(rec.structure)
	})
	if err != nil || l.root == 0 || l.own == 0 {
		return nil // of a damaged structure nothing is known, and nothing lost
	}
	k := threadKey(c.account, l.own)
	value, err := c.storage.Get(nil, k)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil && RecordID(lastU64(value, 1)) == id {
		c.batch.Delete(k)
	}
	return err
}
