// Package smtpsession is what an SMTP client sees of Mailstead: the sessions of
// package smtpserver for mail from strangers (relay and LMTP) and from users
// (submission), made of flows.
//
// A message is read once: it goes through the ingest of the mail store, which
// scans it on the way, then the flow adds its fields and delivers. No reply is
// given before the batch of the delivery is durable.
//
// In SMTP one reply speaks for all recipients: it is 250 when the message is
// safe for each of them. An account that has no room gets it by the queue, in
// the same batch in which the others get it at once; only if there is nobody
// else is the client told. In LMTP each recipient has a reply, which speaks for
// all accounts that an alias leads to.
//
// Which extensions are offered, and whose word counts, is a [Policy].
package smtpsession
