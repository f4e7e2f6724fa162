// Package submission is about mail of our own users: may they send it as they
// wish, and what must be added to it (RFC 6409).
//
// A user may use, in MAIL FROM and in From and Sender, any address whose mail
// comes to the user's account: its own addresses, their subaddresses, and
// aliases that lead to it. A message without Date or Message-ID gets one
// (RFC 6409 §8.2, §8.3), in front of it: the message itself is not changed.
//
// How much an account may send is limited by [Senders], which tells until when.
package submission
