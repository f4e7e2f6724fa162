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
// A [Route] changes how some of the mail is sent, and a [SourcePool] has the
// addresses that it is sent from. A lane is the way to one hop over one route,
// and has a pace: how many parcels may be under way, and how fast they may
// follow each other.
//
// # From the queue to the sender's mailbox
//
//   - What is accepted while there is room for its hop is leased in the batch
//     that accepts it, and [Runner.Take] has it at once (intake.go). All else
//     waits in the queue, and so does what comes after it.
//   - [Runner.Run] leases what waits in batches, as many for each hop as its lanes
//     have room for (loop.go, lanes.go), and starts each as a parcel when its
//     lane's pace allows (pace.go). Works of a lane that is down are put off with
//     what is known, without asking anyone.
//   - SMTP finds the hosts (route.go), chooses the route again if it depends on
//     them (routes.go), reserves room in a pool (sources.go), goes from one host
//     to the next until one has answered (smtp.go, attempt.go, connect.go,
//     session.go), leaves alone those that have just failed (hosts.go), and
//     keeps connections for the next message (pool.go).
//   - [Schedule.Judge] decides (judge.go). Nobody else does.
//   - The sender hears of failures, delays and relays in a notification
//     (notice.go), which [Options.Bounce] delivers before the queue forgets the
//     recipient.
//   - [Options.Observe] sees each [Attempt] (observe.go), and [Options.Journal]
//     may add to the batch in which the queue learns the outcome. Outcomes of
//     many parcels commit together (work.go).
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
