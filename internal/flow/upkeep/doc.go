// Package upkeep does what must be done from time to time and what nobody waits
// for: it takes away the content of expunged messages, gives the space of
// deleted blobs back to the disk, and does chores such as removing what POP3
// clients have left on the server for too long. Nothing expires for a day after
// the clock has jumped ahead (clock.go).
//
// # Caveats
//
// A clock that is wrong already when the process starts is not noticed.
package upkeep
