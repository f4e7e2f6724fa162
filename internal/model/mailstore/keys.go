package mailstore

import (
	"encoding/binary"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Subspaces. All that belongs to an account alone is one range of keys below
// spaceAccount; the others exist so that something can be found without
// knowing the account.
//
//	spaceAccount account keyAccount                 counters
//	spaceAccount account keyMailbox id              record of a mailbox
//	spaceAccount account keySubscription name       empty
//	spaceAccount account keyRecent id               watermark of \Recent
//	spaceAccount account keyPage id page            64 UIDs of the index
//	spaceAccount account keyRecord record           record of a message
//	spaceAccount account keyCopies record>>6 modseq copies made by one change
//	spaceAccount account keyLog modseq              entry of the change log
//	spaceAccount account keyAnnotation id reader entry  value of an annotation
//	spaceAccount account keyAccess id               mailbox access key
//	spaceAccount account keyThread id               thread and record of a reply by its Message-ID
//	spaceLink blob account record                   empty: the blob is in use
//	spaceOrphan time account modseq n               records that lost an instance
//	spaceGrant grantee account mailbox              empty: the mailbox's grants name it
//
// Numbers are in big endian. What is read when an account is opened comes
// first and is one range.
const (
	spaceAccount = 0x20
	spaceLink    = 0x21
	spaceOrphan  = 0x22
	spaceGrant   = 0x23
)

const (
	keyAccount = iota
	keyMailbox
	keySubscription
	keyRecent
	keyPage
	keyRecord
	keyCopies
	keyLog
	keyAnnotation
	keyAccess
	keyThread
	endOfAccount
)

// A key is built in place, so that short keys cost one allocation at most.
type key []byte

func accountKey(id AccountID, kind byte) key {
	return appendAccountKey(make(key, 0, 40), id, kind)
}

func appendAccountKey(k key, id AccountID, kind byte) key {
	return append(append(k, spaceAccount).u64(uint64(id)), kind)
}

func (k key) u32(v uint32) key { return binary.BigEndian.AppendUint32(k, v) }
func (k key) u64(v uint64) key { return binary.BigEndian.AppendUint64(k, v) }

func mailboxKey(a AccountID, id MailboxID) key { return accountKey(a, keyMailbox).u32(uint32(id)) }
func recentKey(a AccountID, id MailboxID) key  { return accountKey(a, keyRecent).u32(uint32(id)) }
func recordKey(a AccountID, id RecordID) key   { return accountKey(a, keyRecord).u64(uint64(id)) }
func accessKey(a AccountID, id MailboxID) key  { return accountKey(a, keyAccess).u32(uint32(id)) }
func logKey(a AccountID, modSeq uint64) key    { return accountKey(a, keyLog).u64(modSeq) }

// appendRecordKey is recordKey in memory of the caller.
func appendRecordKey(k key, a AccountID, id RecordID) key {
	return appendAccountKey(k, a, keyRecord).u64(uint64(id))
}

// threadKey is where the thread of a reply is, by the hash of its Message-ID.
func threadKey(a AccountID, id ThreadID) key { return accountKey(a, keyThread).u64(uint64(id)) }

func subscriptionKey(a AccountID, name string) key {
	return append(accountKey(a, keySubscription), name...)
}

func pageKey(a AccountID, id MailboxID, no uint32) key {
	return accountKey(a, keyPage).u32(uint32(id)).u32(no)
}

// copiesKey is where a change notes copies of records from one group of 64.
func copiesKey(a AccountID, group, modSeq uint64) key {
	return accountKey(a, keyCopies).u64(group).u64(modSeq)
}

func linkPrefix(blob storage.BlobID) key {
	k := make(key, 1, 32)
	k[0] = spaceLink
	return k.u64(uint64(blob))
}

func linkKey(blob storage.BlobID, a AccountID, id RecordID) key {
	return linkPrefix(blob).u64(uint64(a)).u64(uint64(id))
}

// orphanPrefix is where the orphans of a second, since 1970, begin.
func orphanPrefix(second int64) key {
	k := make(key, 1, 32)
	k[0] = spaceOrphan
	return k.u64(uint64(max(second, 0)))
}

func orphanKey(second int64, a AccountID, modSeq uint64, n int) key {
	return orphanPrefix(second).u64(uint64(a)).u64(modSeq).u32(uint32(n))
}

// grantsOf is where the index of what a grantee was granted begins.
func grantsOf(grantee AccountID) key {
	k := make(key, 1, 24)
	k[0] = spaceGrant
	return k.u64(uint64(grantee))
}

func grantKey(grantee, owner AccountID, id MailboxID) key {
	return grantsOf(grantee).u64(uint64(owner)).u32(uint32(id))
}

// grantedBy is the owner and the mailbox of a key that grantKey made.
func grantedBy(k []byte) (AccountID, MailboxID) {
	const at = 1 + 8
	if len(k) < at+8+4 {
		return 0, 0
	}
	return AccountID(binary.BigEndian.Uint64(k[at:])), MailboxID(lastU32(k))
}

// kinds is the range of an account's keys of the kinds from first up to but
// excluding end.
func kinds(a AccountID, first, end byte) storage.Range {
	return storage.Range{Start: accountKey(a, first), End: accountKey(a, end)}
}

// prefixed is the range of the keys that begin with k.
func prefixed(k key) storage.Range {
	end := append(key(nil), k...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return storage.Range{Start: k, End: end[:i+1]}
		}
	}
	return storage.Range{Start: k}
}

// last returns the n-th last 8 bytes of a key as a number; n counts from 1.
func lastU64(k []byte, n int) uint64 {
	if len(k) < 8*n {
		return 0
	}
	return binary.BigEndian.Uint64(k[len(k)-8*n:])
}

func lastU32(k []byte) uint32 {
	if len(k) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(k[len(k)-4:])
}

// orphanAccount is the account of a key that orphanKey made.
func orphanAccount(k []byte) AccountID {
	const at = 1 + 8
	if len(k) < at+8 {
		return 0
	}
	return AccountID(binary.BigEndian.Uint64(k[at:]))
}

func firstU32(k []byte) uint32 { return binary.BigEndian.Uint32(k) }
