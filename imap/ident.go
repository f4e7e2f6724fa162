package imap

import (
	"fmt"
	"time"
)

// A UID names a message in a mailbox for as long as the mailbox keeps its
// UIDValidity. Zero is no UID (RFC 9051 §2.3.1.1).
type UID uint32

// A SeqNum is the place of a message, counted from 1, in a session's view of
// the selected mailbox. Zero is no sequence number (RFC 9051 §2.3.1.2).
type SeqNum uint32

// A UIDValidity tells one life of a mailbox name from another: it only grows
// (RFC 9051 §2.3.1.1).
type UIDValidity uint32

// A ModSeq is a modification sequence. It has 63 bits and zero is reserved
// (RFC 7162 §7).
type ModSeq uint64

// MaxModSeq is the largest mod-sequence that the grammar admits (RFC 7162 §7).
const MaxModSeq ModSeq = 1<<63 - 1

// A Date is a calendar day without time and zone, as SEARCH compares them
// (RFC 9051 §6.4.4).
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of t as its own zone has it: SEARCH disregards both
// time and zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// Compare returns -1, 0 or 1 as d is earlier than, the same as or later than e.
func (d Date) Compare(e Date) int {
	switch a, b := d.ordinal(), e.ordinal(); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (d Date) ordinal() int { return (d.Year*12+int(d.Month))*32 + d.Day }

// String returns the date in the form of the grammar, such as "1-Feb-1994".
func (d Date) String() string {
	if d.Month < time.January || d.Month > time.December {
		return fmt.Sprintf("%d-?-%d", d.Day, d.Year)
	}
	return fmt.Sprintf("%d-%s-%04d", d.Day, d.Month.String()[:3], d.Year)
}

// DateTimeLayout is the layout of the grammar's date-time, which has a fixed
// width: the day is padded with a space (RFC 9051 §9).
const DateTimeLayout = "_2-Jan-2006 15:04:05 -0700"
