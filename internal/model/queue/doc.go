// Package queue keeps what must still leave the house: messages, and for each
// of their recipients when it is to be tried next.
//
// # Words
//
// A [Message] is a blob with some bytes before it and an envelope. It has
// [Recipient]s, each with a destination: the domain that its mail goes to, and
// perhaps a next hop that an operator has put in its place. What recipients
// wait for together is a [Hop]. A recipient is waiting until it is due, leased
// while somebody tries to deliver, and held while an operator wants it so.
// [Queue.Lease] hands out [Work]: recipients of one message that go to one hop,
// so that they can share a transaction. [Queue.AddLeased] hands it out as soon as
// the message comes, to who has room for it. [Queue.FinishAll] takes back what
// came of many of them in one commit.
//
// # Order
//
// Scheduling is by hop, not by message: Lease asks of each hop how much it can
// take, and one that can take nothing costs nothing. Between hops, and among
// the messages for one, whoever has waited longest comes first, and each step
// of priority (RFC 6710) counts as a [HeadStart]: an urgent message overtakes,
// and no message is overtaken for ever.
//
// # Invariants
//
//   - A recipient is in at most one Work at a time, on all nodes together: a
//     lease asserts the record that it read. After a crash a lease stands
//     until its owner starts again ([Queue.ReleaseOwner]) or it expires
//     ([Queue.ReleaseExpired]).
//   - A recipient that was finished as delivered or failed is gone for good.
//   - With the last recipient goes the message, and with the message its hold
//     on the blob, in one batch.
//   - For each waiting recipient there is a wake entry of its hop that is due no
//     later, or, if Lease has said that the hop has recipients left, within 20
//     seconds. Lease follows these, so that it neither reads a million rows nor
//     passes by the rows of a busy hop again and again; nor does it read what
//     is gone (floors.go).
//
// # Keys
//
//	0x40 id                          message
//	0x41 id                          number of recipients left
//	0x42 id index                    recipient
//	0x43 hop 0 level due id index    a waiting recipient; level is 9 - priority
//	0x44 due hop 0 id                a wake entry: a number never used twice, level
//	0x45 id index                    a leased recipient: owner and end of lease
//	0x46 id index                    a held recipient
//	0x47 day pool 0 destination      how many recipients a pool has served on a day
//
// # Caveats
//
// [Queue.Add] writes into the caller's batch, so that a message is accepted
// for local mailboxes and for the queue in one commit. Nothing is known of it
// before that commit: wake the runner after it.
//
// Delivery is at least once: when a node dies between the other server's
// reply and Finish, the recipient is tried again.
package queue
