// Package address has the names of people and places in mail: the local part,
// the domain and the two together, which RFC 5321 §4.1.2 calls a Mailbox.
//
// All three are values: they can be compared with == and be keys of a map.
//
//   - A [Domain] is canonical from the moment it is parsed: lower-case
//     A-labels (RFC 5890 §2.3.2.1), or an address literal in the one spelling
//     that RFC 5952 gives it. Two domains that mean the same are equal.
//   - A [LocalPart] is kept as it was written, less its quotes, because only
//     the host that owns it may say whether case matters (RFC 5321 §2.4).
//   - An [Address] joins them. Address.Canonical makes the key for a lookup in
//     a directory that takes case and Unicode normal form to be insignificant.
//
// Parsing follows the grammar of the SMTP envelope, widened to UTF-8 by RFC
// 6531 §3.3. It is not the grammar of a From header field: there are no
// comments, no folding and no display names here.
//
// # Caveats
//
// A zero Domain is no domain and prints as nothing. Converting a string to a
// LocalPart checks nothing; ParseLocalPart does.
package address
