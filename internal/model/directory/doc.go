// Package directory knows who lives in the house: domains, accounts, their
// addresses, aliases, and the secrets by which an account proves itself.
//
// # Words
//
//   - A domain is ours when it has been added; only then can an address in it
//     be given away.
//   - An account is a person's store of mail. It is known by an [AccountID],
//     which is never reused, and has one primary address and perhaps others.
//   - A shared account is nobody's: it has no password, and its mailboxes are
//     for those who are given rights on them. An administrator's account may
//     set the quotas of others over IMAP.
//   - An alias is an address that stands for other addresses, ours or foreign.
//   - An address belongs to one account or is one alias, never both.
//   - A [Recipient] is what an address of an envelope comes to when aliases
//     are expanded and the detail of a subaddress (RFC 5233 §1) is split off.
//   - Credentials are an argon2id hash (RFC 9106) and SCRAM-SHA-256 keys
//     (RFC 5802 §3). The password itself is never stored nor logged.
//
// Addresses are compared in their canonical form (address.Address.Canonical).
//
// # Changes
//
// Every change of the directory is one storage batch. The directory has one
// version number, which each change asserts and raises. Two changes that were
// decided at the same version can therefore not both happen: that alone makes
// addresses unique and keeps alias loops out, on however many nodes. The loser
// reads again and decides anew. Changes are rare enough for this to cost
// nothing.
//
// # Reading
//
// [Directory.Resolve] and [Directory.Account] are asked for each message, so
// what they found is kept in memory. The whole memory is dropped at each change.
//
// # Keys
//
//	0x10                        state: version, last account ID
//	0x11 domain                 domain record
//	0x12 account (8)            account record
//	0x13 domain 0x00 local part address record: an account or an alias
//	0x14 account (8)            credentials
//	0x15                        secret for the decoys of unknown users
//	0x16 account (8)            POP3 policy, if the account has its own
//
// Records are JSON: they are small, rarely written, and grow fields over time.
//
// # Caveats
//
// The memory of Resolve does not hear of changes made through another
// Directory value on the same store: have one per store and process.
package directory
