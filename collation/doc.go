// Package collation compares strings as mail protocols let a client ask for:
// the collations of RFC 4790 and RFC 5051.
//
// A [Collation] turns a string into its canonical form, once; after that
// strings are equal, stand in order, and hold one another as their canonical
// forms do, octet by octet. So a sort key is a byte slice, and a search looks
// for a canonical needle in a canonical text.
//
// An [Order] is what a client selects: a collation, perhaps reversed. Patterns
// with wildcards (RFC 4790 §3.2) find those that there are.
//
// i;ascii-numeric is not here: it has no substring operation, which RFC 5255
// §4.4 demands of every collation that an IMAP server offers.
package collation
