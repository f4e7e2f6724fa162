// Package delivery puts a message where it belongs: into local mailboxes, and
// into the queue what must leave the house. Whoever takes in a message, from a
// stranger, from a user or from a part of the server itself, ends here.
//
// All of a message commits in one storage batch, so it is accepted for all of
// its recipients or for none, but for accounts that are over quota.
//
// In front of a message stand the fields that this server adds: Return-Path
// and Delivered-To for each recipient (RFC 5321 §4.4), then what the caller
// has, the Received field first. The bytes of the message itself are shared by
// all recipients and never changed.
//
// Accounts that have no room, and messages that are to be held for later, are
// left to the queue ([Recipients].Later), in the same batch. Senders who want
// to hear of a success are told once the message is safe.
package delivery
