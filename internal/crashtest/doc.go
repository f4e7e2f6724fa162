// Package crashtest finds out whether a mail server keeps its word when it is
// cut off in the middle of its work: clients that speak the real protocols keep
// a ledger of what they were told, and what a server has after a restart is
// compared with it.
//
//	ledger := crashtest.NewLedger(accounts...)
//	load := &crashtest.Load{Ledger: ledger, Target: target}
//	load.Run(ctx, seed)       // until ctx is done or the power is cut
//	ledger.Freeze()           // what is heard from now on counts no more
//	                          // ... the server starts again ...
//	ledger.Check(ctx, target) // and the ledger now says what is there
//
// # Words
//
// A [Letter] is a message that can be recognized by its token and proved whole
// by its hash. A [Copy] of it is in one place: in a [Mailbox], or on the way to
// the next hop. An [Op] is what one command of a client shall change: copies
// from one place or set of flags to another, mailboxes from one name to
// another. It is acknowledged, refused, or open. What it touches belongs to it
// alone until it is over, so that for each copy and mailbox at most one change
// is in doubt.
//
// # What Check wants
//
//   - Every copy is where acknowledged operations have left it, once, with the
//     flags that they gave it and the bytes that were sent.
//   - An open operation has been done or not, but not by halves.
//   - Nothing else is there.
//   - What a client has seen of a mailbox stays true (sight.go): its
//     UIDVALIDITY, which message a UID means, the flags at a MODSEQ. Numbers
//     have not gone backwards.
//   - What was submitted for the next hop has arrived there or is in the queue;
//     it has arrived twice only if the cut fell before anyone could see that
//     the queue had been told.
//
// [Disk] is a file system on which the power can be cut, and that can be made
// to fail.
package crashtest
