// Package mailstore keeps the mail of accounts: mailboxes, messages, flags,
// UIDs, the change log and quota counters, on any storage engine. It knows no
// protocol; IMAP, POP3 and delivery all stand on it.
//
// # Words
//
// An [Account] owns mailboxes and has one serial order of changes, counted by
// MODSEQ. A [Mailbox] is the record of one of them: name, counts, UIDNEXT. A
// [Version] is the whole message list of a mailbox at one moment; it never
// changes. An [Entry] is one message in a Version: UID, flags, MODSEQ, size,
// dates. A record is what is known of a message's content (where its blob is,
// its envelope and part tree); it is written once, at delivery, and shared by
// all copies. An instance is one message in one mailbox: it keeps its
// [InstanceID] when it is moved, and a copy gets a new one. A [Content] is a
// message that has been read from the network but is not stored yet.
//
// # How a change happens
//
// Under the account's lock the change is built on the newest state in memory,
// the head, and enqueued in the storage engine together with an assertion on
// the state before it. The lock is then released, and the caller waits for the
// disk: many writers of one account share one sync. Only when the batch is
// durable does its state become the committed one, which is all that readers
// ever see. If a batch fails, all that were built on it fail by their
// assertion, the head is thrown away and they are built again.
//
// # The index
//
// Messages are indexed in pages of 64 UIDs: a word says which of them exist, a
// word for each flag in use says which have it, and the other fields stand in
// columns of fixed width above their minimum, some ten bytes a message. A page
// is kept in memory as it is stored and read in place. Pages hang in a tree of
// two levels that is copied on write, so that a delivery to a mailbox of a
// million messages copies a few kilobytes, and two versions are compared by
// comparing pointers.
//
// # Invariants
//
//   - UIDs, UIDVALIDITY, MODSEQ, mailbox, record and instance ids are
//     allocated and enqueued in one critical section, from counters that
//     the same batch writes: no crash makes one be used twice.
//   - A committed state is durable. Versions, Mailboxes and Trees are
//     immutable and may be shared and kept as long as one likes.
//   - A blob may be without a record for a while, but a record is never
//     without its blob. An expunged message stays readable, for sessions that
//     have not been told yet, until [Store.CollectOrphans] takes it.
//   - Messages are never copied as bytes: recipients of one delivery share a
//     blob, COPY shares the record.
//
// # Mailboxes that several accounts use
//
// A mailbox's record has the grants of other accounts (RFC 4314), and an index
// leads from the grantee to the owner; a batch writes both. The store does not
// check rights, but says what they are: whoever calls asks first. Messages go
// from one account to another by reference: the record is copied, the blob is
// shared, and a batch changes both accounts, so that a moved message is in one
// of them at each moment.
//
// # Deleting a mailbox that has children
//
// The mailbox and its messages go, the children stay, and the name remains
// only as a level of hierarchy: a face shows it as \NonExistent. This is the
// first of the choices of RFC 9051 §6.3.5; nothing is stored for such names.
//
// # Annotations
//
// A mailbox, and the account as a whole, have annotations (RFC 5464): values
// under entry names, shared or of one reader, who may be another account. Here
// nobody asks for rights: that is done above.
//
// # Caveats
//
// What a reader has annotated in the mailboxes of others goes with those
// mailboxes, not with the reader's account, whose id nobody gets again.
//
// The store must be the only writer of an account. A second one is noticed, by
// the assertions, and does no harm but slows both.
//
// \Recent (RFC 3501 §2.3.2) is kept by a watermark per mailbox that is written
// with the next change or at Close: a crash may make messages recent again.
package mailstore
