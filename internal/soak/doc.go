// Package soak tells a test how long to run.
//
// Tests that look for what goes wrong rarely have two forms. The short one is
// part of go test and takes seconds. The long one is run by `make soak`, which
// sets MAILSTEAD_SOAK and keeps what each test logs in docs/soak; what it has
// shown is in docs/reliability.md. Both are the same test with another number:
//
//	for range soak.Times(50, 1000) {
//		cut(t)
//	}
package soak
