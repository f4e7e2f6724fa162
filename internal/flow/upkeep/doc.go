// Package upkeep does what must be done from time to time and what nobody waits
// for: it takes away the content of expunged messages, gives the space of
// deleted blobs back to the disk, removes what POP3 clients have left on the
// server for too long, and frees recipients in the queue whose
// delivery a dead node had leased.
package upkeep
