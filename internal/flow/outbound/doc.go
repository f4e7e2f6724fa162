// Package outbound brings mail out of the house: it takes what is due from
// the queue, hands it to a transport, and decides what the outcome means.
//
// # Words
//
// A [Parcel] is one message for recipients at one destination. A [Transport]
// tries to deliver it, and returns a [Result] for each recipient: accepted,
// or a temporary or permanent failure, with the reply that says so. [SMTP] is
// the transport to the world. The [Schedule] turns the facts about a recipient
// into a [Verdict]: gone, tried again when, and what the sender must be told.
// The [Runner] does all that.
//
// # From the queue to the sender's mailbox
//
//   - [Runner.Run] leases work, no more for one destination than it may have at
//     once (runner.go), and works on each piece in a goroutine (work.go).
//   - SMTP finds the hosts (route.go), goes from one to the next until one has
//     answered (smtp.go, attempt.go, connect.go, session.go), and keeps
//     connections for the next message (pool.go).
//   - What a host's owner has published about TLS decides how it must be
//     connected to, or that it must not (guard.go, sts.go).
//   - [Schedule.Judge] decides (judge.go). Nobody else does.
//   - The sender hears of failures and delays in a notification (notice.go),
//     which [Options.Bounce] delivers before the queue forgets the recipient.
//
// # Promises
//
// A recipient for whom another server has taken the message is not tried
// again, unless the process dies before the queue knows. If a connection
// breaks after the end of the message was sent and before the reply came, the
// server may have it or not; the message is sent again, since a message twice
// is better than none (RFC 5321 §4.1.1.4, RFC 1047).
//
// Whatever is unforeseen is temporary. A message with the null reverse path
// never makes a notification.
package outbound
