// Package dns asks the questions that mail asks of the domain name system,
// and says how far the answer can be believed.
//
// # Words
//
// A [Resolver] looks up records. Each lookup returns an [Answer]: the records,
// how long they may be kept, and whether a validating resolver vouched for
// them with the AD bit (RFC 4035 §3.2.3). A [Client] is the Resolver that asks
// recursive servers over the network, a [Cache] stands in front of another
// Resolver, and package dnstest answers from a table.
//
// # Names
//
// A name is ASCII, of any case, with or without the dot at its end.
// Internationalized names are turned into A-labels by the caller. Names in
// answers are in lower case and without the final dot; only the root, with
// which RFC 7505 says "no mail here", is ".".
//
// # Errors
//
// A caller that sends mail must know whether to wait or to give up. So all
// errors are an [*Error] that matches at least one of:
//
//   - [ErrNotFound]: the name or the records do not exist, says the server.
//     If not even the name exists, the error matches [ErrNoSuchName] too.
//   - [ErrInvalidName]: what was asked for can not be a name. It never will.
//   - [ErrTemporary]: everything else.
//
// # Caveats
//
// The AD bit is worth as much as the path to the server that set it. A Client
// believes it only from a server on this machine, unless
// [Options.TrustAuthentic] says that the path is safe.
//
// Records of one Answer belong to the caller; Answers share nothing.
package dns
