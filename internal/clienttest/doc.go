// Package clienttest drives the built binary with real mail clients from
// Debian's packages, as a user would: swaks, curl, mbsync, mutt, fetchmail and
// openssl. Its tests have the build tag clients and run in `make test`, which
// installs the clients; a missing one is a failure. They are the only tests
// that need anything besides Go.
package clienttest
