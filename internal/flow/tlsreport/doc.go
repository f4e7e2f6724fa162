// Package tlsreport tells other domains how TLS sessions with their hosts went,
// and reads what they tell us (RFC 8460).
//
// A [Counter] counts sessions in memory and adds them to the store now and
// then; a crash loses no more than that moment. When a day in UTC has ended, a
// [Reporter] asks each domain that had sessions where it wants its report, and
// sends it there, by mail or by HTTPS. What cannot be sent is tried again for
// two days. A [Reader] finds the reports in a message that has come to us.
//
// # Caveats
//
// Some receivers want reports by mail to be signed with DKIM (RFC 8460 §3).
// Where the house does not sign, these throw them away.
package tlsreport
