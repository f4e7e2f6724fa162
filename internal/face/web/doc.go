// Package web is what a web client sees of Mailstead. For now that is one page:
// the MTA-STS policy of each of our domains, which other mail servers fetch to
// learn how ours must be reached (RFC 8461 §3.2).
package web
