package imap

import "time"

// A StoreAction says how STORE changes flags.
type StoreAction uint8

// Actions of STORE (RFC 9051 §6.4.6).
const (
	StoreReplace StoreAction = iota // FLAGS; \Recent is left as it is
	StoreAdd                        // +FLAGS
	StoreRemove                     // -FLAGS
)

// A StoreOp is what STORE does to each message.
type StoreOp struct {
	Action StoreAction
	Flags  []Flag // canonical, each once
	// Silent says that the client does not want to be told the new flags.
	Silent bool
	// UnchangedSince, if Conditional, is the mod-sequence above which a
	// message is left alone and reported as MODIFIED; it may be zero
	// (RFC 7162 §3.1.3).
	UnchangedSince ModSeq
	Conditional    bool
	// NewestFirst asks for the answers from the highest UID down (RFC 9738
	// §3.1).
	NewestFirst bool
}

// AppendOptions goes with a message that APPEND brings.
type AppendOptions struct {
	Flags []Flag
	// Date becomes the internal date; zero is now (RFC 9051 §6.3.12).
	Date time.Time
	// UTF8 says that the message came as a UTF8 literal and may have UTF-8
	// in its header (RFC 6855 §4).
	UTF8 bool
}

// CopyData names what COPY or MOVE made (RFC 4315 §3): the n-th UID of Source
// became the n-th of Dest, both in rising order.
type CopyData struct {
	UIDValidity UIDValidity
	Source      UIDSet
	Dest        UIDSet
}

// AppendData names what APPEND made (RFC 4315 §3, RFC 3502).
type AppendData struct {
	UIDValidity UIDValidity
	UIDs        UIDSet
}
