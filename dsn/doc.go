// Package dsn makes and reads delivery status notifications: the messages in
// which a mail system tells a sender what became of their message.
//
// # Words
//
// A [Status] is what is told, for machines: fields about the message, and for
// each [Recipient] an [Action] (what the system did), a [Code] (why, in the
// numbers of RFC 3463) and what the other server said. A [Report] is the
// message around it: to whom it goes, and the original that it returns.
// [Compose] writes a report as a multipart/report of three parts (RFC 6522):
// text for people, the status (RFC 3464), the original or its header.
// [Parse] reads one.
//
// # Internationalized mail
//
// If an address or the original's header is not ASCII, Compose uses the media
// types of RFC 6533 (message/global-delivery-status and its kin) and reports,
// in [Needs], that the notification can only travel with SMTPUTF8. Everything
// else stays in the traditional types.
//
// # Caveats
//
// A notification must be sent with the null reverse path, and never because of
// a message that itself came with one (RFC 5321 §6.1): that is the caller's
// part.
//
// Compose never holds the original in memory, and Parse reads no further than
// [MaxParse] bytes.
package dsn
