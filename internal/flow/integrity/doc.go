// Package integrity tells whether a store is what it should be. It has each
// model check its own rows, the storage engine its files, and adds what none of
// them can know alone: that each blob belongs to a message, and that all mail
// belongs to somebody.
//
// [Verify] changes nothing and stops at nothing: damage to one message is a
// finding, and the next one is looked at. Each finding says whose mail it
// touches and what to do.
package integrity
