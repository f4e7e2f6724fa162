// Package damage has the words in which every part of the program says what is
// wrong with stored data: a [Finding] says what it is, whose mail it touches
// and what to do about it.
//
// Who knows a format checks it: the storage engine its packs and its index, the
// mail store its mailboxes, the queue its rows. None of them stops at the first
// finding, and none repairs anything.
package damage
