// Package listener accepts connections and hands each to a protocol engine,
// with all that the engines have in common already done: the PROXY protocol
// read, limits held, TLS spoken where it is implicit (RFC 8314 §3), an
// identity given for the logs.
//
// # The life of a connection
//
// It is accepted; everything after that happens in a goroutine of its own, so
// that no peer can hold up another. If it comes from a trusted proxy, its
// first bytes say who the client is. Then it is counted against the limits;
// one too many gets the protocol's refusal and is closed. Then comes the TLS
// handshake, under a deadline. Then the handler has it until it returns.
//
// # Draining
//
// When the context of [Listener.Run] ends, no more connections are accepted
// and the context of every handler ends. To a handler that means: finish the
// command that is under way, say goodbye, return. What is under way must not be
// broken off, so it belongs under context.WithoutCancel. Connections that are
// still open after the drain time are closed, which ends their handlers' reads
// and writes. Run returns when all handlers have.
//
// # Caveats
//
// With [Options.Reserved], a connection is refused while the process has so many
// files open that the store might not be able to open its own.
//
// A connection from a trusted proxy must begin with a PROXY header; one from
// anywhere else must not, and its header would reach the engine as garbage.
package listener
