// Package imapwire is the grammar of RFC 9051 §9 and RFC 3501 §9 as bytes, for
// both sides: a Reader that takes tokens from a connection and a Writer that
// puts them on it. What commands and responses mean is not known here.
package imapwire
