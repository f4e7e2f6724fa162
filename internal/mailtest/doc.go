// Package mailtest is a whole mail system in one process, for tests: a server
// described by a struct, on loopback ports of the system's choice, with
// clients, a DNS and another mail system to send to.
//
//	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: "ann@example.test"}}})
//	s.Deliver("bob@far.test", "ann@example.test", "Subject: hi\r\n\r\nhello\r\n")
//	c := s.IMAP("ann@example.test")
//	c.OK("SELECT INBOX")
//
// The store is in memory and survives Restart. Every account has the password
// [Password] unless it says otherwise. Whatever fails ends the test.
//
// [Models] are the models alone, for tests of flows that need no server.
package mailtest
