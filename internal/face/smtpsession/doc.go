// Package smtpsession is what an SMTP client sees of Mailstead: the sessions of
// package smtpserver for mail from strangers (relay and LMTP) and from users
// (submission), made of flows.
//
// A message is read once: it goes through the ingest of the mail store, which
// scans it on the way, then the flow adds its fields and delivers. No reply is
// given before the batch of the delivery is durable.
//
// In SMTP one reply speaks for all recipients: a message that one account has
// no room for is deferred for all, so that the client does not send it twice
// to the others. In LMTP each recipient has a reply, which speaks for all
// accounts that an alias leads to.
package smtpsession
