package imapthread

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/message"
)

// MaxReferences is how many references of a message count.
const MaxReferences = 200

// A Message is what threading wants to know of a message. Identifiers and
// subjects are hashed with a seed that nobody can know beforehand, so that a
// message takes little memory.
type Message struct {
	ID         uint64   // of Message-ID, see Hash.ID; zero if there is none
	References []uint64 // from the oldest to the parent
	Subject    uint64   // of the base subject, see Hash.Text; zero if it is empty
	Reply      bool     // see BaseSubject
	Sent       int64    // the sent date, in seconds (RFC 5256 §2.2)
	Received   int64    // the internal date, in seconds
}

// Threads returns the threads of messages, which are in the order of the
// mailbox. In the answer a message's Num is its index plus one.
func Threads(by imap.ThreadAlgorithm, messages []Message) []imap.ThreadNode {
	if by == imap.ThreadOrderedSubject {
		return orderedSubject(messages)
	}
	b := newBuilder(messages)
	b.connect()
	b.prune()
	if by == imap.ThreadReferences {
		b.mergeSubjects()
	}
	return b.answer(by == imap.ThreadRefs)
}

// bySent returns the indexes of messages in the order of their sent dates; the
// order of the mailbox decides where these are equal.
func bySent(messages []Message) []int32 {
	order := make([]int32, len(messages))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if messages[a].Sent != messages[b].Sent {
			return cmp.Compare(messages[a].Sent, messages[b].Sent)
		}
		return cmp.Compare(a, b)
	})
	return order
}

// orderedSubject makes a thread of each base subject: the earliest message, and
// the others as its children (RFC 5256 §3, ORDEREDSUBJECT).
func orderedSubject(messages []Message) []imap.ThreadNode {
	threads := make(map[uint64]int)
	var members [][]int32
	for _, i := range bySent(messages) {
		n, ok := threads[messages[i].Subject]
		if !ok {
			n = len(members)
			threads[messages[i].Subject] = n
			members = append(members, nil)
		}
		members[n] = append(members[n], i)
	}
	nodes := make([]imap.ThreadNode, 0, len(messages))
	for _, thread := range members {
		for k, i := range thread {
			nodes = append(nodes, imap.ThreadNode{Num: uint32(i) + 1, Depth: uint32(min(k, 1))})
		}
	}
	return nodes
}

// A Hash makes the numbers of a Message. Those of different Hashes have nothing
// to do with each other. It is not for concurrent use, but copies of it are.
type Hash struct {
	seed    maphash.Seed
	scratch []byte
}

// NewHash returns a Hash.
func NewHash() Hash { return Hash{seed: maphash.MakeSeed()} }

// ID returns the number of a message identifier, which is never zero. Quoting
// makes no difference (RFC 5256 §3), case does.
func (h *Hash) ID(id string) uint64 {
	h.scratch = AppendID(h.scratch[:0], id)
	return max(1, maphash.Bytes(h.seed, h.scratch))
}

// AppendID appends a message identifier without the quotes and backslashes of
// quoted strings.
func AppendID(dst []byte, id string) []byte {
	for i := 0; i < len(id); i++ {
		switch {
		case id[i] == '"':
			continue
		case id[i] == '\\' && i+1 < len(id):
			i++
		}
		dst = append(dst, id[i])
	}
	return dst
}

// Text returns the number of a text; zero if it is empty.
func (h *Hash) Text(text []byte) uint64 {
	if len(text) == 0 {
		return 0
	}
	return max(1, maphash.Bytes(h.seed, text))
}

// References returns the numbers of what a message refers to: the References
// field, or if that has no identifiers the first one of In-Reply-To (RFC 5256
// §3).
func (h *Hash) References(references, inReplyTo string) []uint64 {
	ids := ReferencedIDs(references, inReplyTo)
	if len(ids) == 0 {
		return nil
	}
	out := make([]uint64, len(ids))
	for i, id := range ids {
		out[i] = h.ID(id)
	}
	return out
}

// ReferencedIDs returns the identifiers that References numbers.
func ReferencedIDs(references, inReplyTo string) []string {
	ids := message.ParseMessageIDs(references)
	if n := len(ids); n > MaxReferences {
		return slices.Delete(ids, 1, n-MaxReferences+1)
	}
	if len(ids) > 0 {
		return ids
	}
	ids = message.ParseMessageIDs(inReplyTo)
	return ids[:min(len(ids), 1)]
}
