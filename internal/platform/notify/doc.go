// Package notify carries one kind of news inside the process: "account A is
// now at change N".
//
// The news is a number and nothing else. What changed, and in which order,
// stands in the account's change log; a reader who wakes up reads the log from
// where it stopped. So news may be merged, and a slow reader costs nobody
// anything: a [Subscription] holds at most one number, the highest that has
// been published and not been read.
//
// # Invariants
//
//   - [Hub.Publish] never blocks on a reader and does not allocate.
//   - The numbers that a subscription delivers only rise; a number that was
//     published late, after a higher one, is dropped.
//   - Whoever subscribes first and then reads the change log misses nothing.
//
// # Caveats
//
// A subscription that is made after a Publish does not hear of it: read the
// log once after subscribing.
package notify
