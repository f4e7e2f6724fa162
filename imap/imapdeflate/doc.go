// Package imapdeflate is the layer that COMPRESS=DEFLATE puts under IMAP
// (RFC 4978): a connection whose bytes travel compressed by DEFLATE (RFC 1951).
//
// # Why an inflater of our own
//
// The decompressors that there are must be fed to the end: when the connection
// has nothing more for now, they wait, and when that wait is cut short they are
// broken. A server that waits for a client must be able to stop in the middle of
// any bit, tell news, and go on. So [Inflater] takes what there is, gives what
// that makes, and keeps its place. It stalls on no flush that a client may
// use, nor on none.
//
// # Memory
//
// A connection that waits holds, beside the socket, an Inflater of 1.5 KB with
// as much of the last 32 KB that the peer has sent as there is, and the last 8 KB
// that went to the peer: 41.5 KB at most, 3 KB for a client that logs in, selects
// and idles. All else is taken from pools while bytes are moved. Nothing is ever
// decompressed ahead of who reads, so that a small piece of input that stands
// for a large one meets the limits of the reader.
package imapdeflate
