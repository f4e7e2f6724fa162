package damage

import (
	"fmt"
	"strings"
)

// A Severity says how bad a finding is.
type Severity string

// The severities, the worst first.
const (
	// Lost is for stored bytes that cannot be read: a message, a row.
	Lost Severity = "lost"
	// Wrong is for what can be read but contradicts something else: a count,
	// an order, a reference to nothing.
	Wrong Severity = "wrong"
	// Unused is for space that nobody needs and nobody gives back. It does no
	// harm to mail.
	Unused Severity = "unused"
)

// A Finding is one thing that is wrong. Fields that do not apply are zero.
type Finding struct {
	Severity Severity `json:"severity"`
	// What is wrong, in a sentence without an end.
	What string `json:"what"`
	// Account is whose mail it touches, by number, and Address its address.
	Account uint64 `json:"account,omitempty"`
	Address string `json:"address,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
	UID     uint32 `json:"uid,omitempty"`
	// Queue is the id of a message in the queue.
	Queue string `json:"queue,omitempty"`
	// Blob is the content that it touches, as the storage engine numbers it.
	Blob uint64 `json:"blob,omitempty"`
	// File and Offset say where on the disk it is.
	File   string `json:"file,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	// Do says what a person can do about it.
	Do string `json:"do,omitempty"`
}

// String returns the finding in a line, without Do.
func (f Finding) String() string {
	var where []string
	add := func(format string, there bool, v any) {
		if there {
			where = append(where, fmt.Sprintf(format, v))
		}
	}
	add("%s", f.Address != "", f.Address)
	add("account %d", f.Address == "" && f.Account != 0, f.Account)
	add("mailbox %q", f.Mailbox != "", f.Mailbox)
	add("UID %d", f.UID != 0, f.UID)
	add("queue id %s", f.Queue != "", f.Queue)
	add("blob %d", f.Blob != 0, f.Blob)
	add("file %s", f.File != "", f.File)
	add("offset %d", f.File != "" && f.Offset != 0, f.Offset)
	line := string(f.Severity) + ": "
	if len(where) > 0 {
		line += strings.Join(where, ", ") + ": "
	}
	return line + f.What
}
