// Package smtp has the words that both sides of the Simple Mail Transfer
// Protocol speak (RFC 5321, and RFC 2033 for LMTP): replies and their enhanced
// status codes, reverse and forward paths, the keywords of extensions, and the
// parameters of MAIL and RCPT.
//
// The engines are in the packages below: smtpserver answers, smtpclient asks.
// What a failure means to the peer is an *[Error]: a reply that may be shown,
// and a cause that may only be logged. An error of any other type is temporary
// and bland to the peer; [ReplyTo] makes that so.
package smtp
