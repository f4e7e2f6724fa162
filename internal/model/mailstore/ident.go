package mailstore

import "strconv"

// An AccountID names an account. The directory assigns it, never twice.
type AccountID uint64

// A MailboxID names a mailbox of an account, through renames, for ever.
type MailboxID uint32

// A RecordID names the content of a message in its account. Copies of one
// message share it (RFC 8474 EMAILID).
type RecordID uint64

// An InstanceID names a message in a mailbox of its account. It is kept when
// the message is moved, and never used again.
type InstanceID uint64

// String returns the id in a form for logs, UIDLs and object ids (RFC 8474).
func (id MailboxID) String() string { return strconv.FormatUint(uint64(id), 36) }

// String returns the id in a form for logs, UIDLs and object ids (RFC 8474).
func (id RecordID) String() string { return strconv.FormatUint(uint64(id), 36) }

// String returns the id in a form for logs, UIDLs and object ids (RFC 8474).
func (id InstanceID) String() string { return strconv.FormatUint(uint64(id), 36) }
