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
// What is written at once is a segment: the events one after the other, and an
// index of their names in 64 parts by the hash of the name. So a busy server
// writes few large values, compressed with S2, and not several small ones for
// each message, which the store would compact again and again.
//
//	0x50 time n page         events of a segment
//	0x51 day part time n     one part of its index: hashes of names, and which event
//
// The time of a segment is in nanoseconds since 1970, so that the segments of
// long ago are one range, and so is their index.
package journal
