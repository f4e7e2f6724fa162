// Package queue keeps what must still leave the house: messages, and for each
// of their recipients when it is to be tried next.
//
// # Words
//
// A [Message] is a blob with some bytes before it and an envelope. It has
// [Recipient]s, each with a destination: the domain that its mail goes to. A
// recipient is waiting until it is due, and leased while somebody tries to
// deliver. [Queue.Lease] hands out [Work]: recipients of one message at one
// destination, so that they can share a transaction. [Queue.Finish] takes
// back what came of it.
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
//   - For each waiting recipient there is a wake entry of its destination that
//     is due no later. Lease follows these, so that it neither reads a million
//     rows nor passes by the rows of a busy destination again and again.
//
// # Keys
//
//	0x40 id                          message
//	0x41 id                          number of recipients left
//	0x42 id index                    recipient
//	0x43 destination 0 due id index  a waiting recipient
//	0x44 due destination 0 id        a wake entry; its value is never used twice
//	0x45 id index                    a leased recipient: owner and end of lease
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
