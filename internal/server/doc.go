// Package server builds the whole of Mailstead from a configuration and runs
// it. It is the only place that names a storage engine, and the owner of every
// long-lived value.
//
// A server starts from the ground up: the store, the models on it, the flows,
// the faces, and at last the listeners. It stops the other way round: listeners
// no longer accept, what is in flight is finished, and the store is closed when
// nothing can write any more.
package server
