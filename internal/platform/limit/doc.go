// Package limit keeps one peer from taking what belongs to all: connections,
// attempts, guesses at passwords.
//
//   - [Connections] counts open connections, in all and per network.
//   - [Buckets] are token buckets by key, for any rate.
//   - [Failures] slows down whoever guesses passwords.
//
// Peers are told apart by [Network]: the address in IPv4, the /64 in IPv6,
// which is what one customer commonly has to choose addresses from.
//
// # Invariants
//
// All memory is bounded whatever the peers do: a table that is full forgets
// what it has not been asked for the longest. The clock is the caller's. No
// type here has a goroutine.
package limit
