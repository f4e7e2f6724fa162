// Package certs keeps the certificates that the server shows.
//
// A [Keeper] reads them from files, notices when the files change, and picks
// one by the name that the client asks for (SNI, RFC 6066 §3). If new files
// cannot be used it says so and goes on with the old ones: a half-written
// renewal must not take the server off the air.
//
// [SelfSigned] makes a certificate for trying things out, once, and keeps it,
// so that a client that has been told to trust it goes on to.
package certs
