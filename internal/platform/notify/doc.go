// Package notify carries one kind of news inside the process: "account A is
// now at change N".
//
// The news is a number and nothing else. What changed, and in which order,
// stands in the account's change log; a reader who is called reads the log from
// where it stopped. So a number that comes late, after a higher one, is dropped.
//
// A subscription is a function that is called with the number: it costs no
// goroutine and no channel, so that tens of thousands may wait.
//
// # Invariants
//
//   - [Hub.Publish] does not allocate, and waits for nothing but the functions
//     of the account's subscriptions, which must not wait themselves.
//   - The numbers that a subscription is called with only rise.
//   - A subscription is called by one at a time, and not once Close has
//     returned.
//   - Whoever subscribes first and then reads the change log misses nothing.
//
// # Caveats
//
// A subscription that is made after a Publish does not hear of it: read the
// log once after subscribing. The function must not call the Hub or close a
// subscription: it runs with the account's lock held.
package notify
