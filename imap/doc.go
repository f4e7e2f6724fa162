// Package imap has the words that an IMAP server, an IMAP client and a message
// store share (RFC 3501, RFC 9051): identifiers, flags, sets of numbers,
// mailbox names, what SEARCH, FETCH, STORE, LIST and STATUS ask for, and the
// errors that a command ends with.
//
// # Words
//
// A message in a selected mailbox has two names. A [SeqNum] is its place, from
// 1, in the view that this session has been told of, and moves when an earlier
// message is expunged. A [UID] is for life: it is never used again in the
// mailbox as long as its [UIDValidity] stands (RFC 9051 §2.3.1.1). A [ModSeq]
// says when something about a message last changed (RFC 7162).
//
// A [Set] is what a program computes with: sorted, disjoint ranges with known
// ends. A [NumSet] is what a client wrote: in its order, perhaps with "*" for
// "the last", which only the owner of the view can resolve.
//
// # Invariants
//
// Everything here is plain data without I/O: values may be copied, and read by
// several goroutines. Mailbox names and search strings are UTF-8 here; the
// modified UTF-7 of IMAP4rev1 (RFC 3501 §5.1.3) exists only on the wire.
package imap
