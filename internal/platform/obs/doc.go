// Package obs lets people see what the server does: logs, metrics, health.
//
//   - [NewLogger] makes the one slog.Logger that everything gets passed.
//   - A [Registry] holds the metrics of one server. Whoever has something to
//     count makes its metrics from a [Subsystem] and keeps them as its fields;
//     nothing is global, so a test may run two servers.
//   - [Endpoint] serves /metrics and /healthz over HTTP.
//
// # Caveats
//
// Label values must come from a small set of our own: each one is a time
// series for ever. Addresses, names and texts of peers belong in the log.
//
// The endpoint asks nobody who they are: bind it to the loopback or to a
// private network.
package obs
