// Package journal remembers what happened to messages, so that an operator can
// ask about any of them: who brought it over which connection, what became of
// each recipient, and each attempt to send it on.
//
// # Words
//
// An [Event] is one thing that happened to one message: it was received, it was
// refused, delivery of it was attempted. Its names are what people ask by: the
// Message-ID, the transaction (the id in our Received field), the queue id, and
// the addresses. [Journal.Find] returns the whole journey of the messages that a
// name belongs to.
//
// # What it costs
//
// [Journal.Record] only puts the event into a list in memory; [Journal.Run]
// writes the list a few times a second, all in one batch. So the journal adds
// no wait to a message, and one sync to many. The price: what happened in the
// last moment before a crash is not in it. It is no promise about mail: that is
// what the mail store and the queue are for.
//
// If events come faster than the disk takes them, or the disk is full, the
// newest are dropped and counted: mail goes on.
//
// # Keys
//
//	0x50 time n              an event
//	0x51 day hash time n     an event by one of its names; empty
//
// Time is in nanoseconds since 1970, so that the events of long ago are one
// range, and so are their names.
package journal
