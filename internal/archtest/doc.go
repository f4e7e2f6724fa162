// Package archtest states which folder of Mailstead may import which, as a
// test. It has no code of its own.
//
// The house has two wings and a door. The standards wing stands at the root:
// packages that any Go program could import and that know nothing of
// Mailstead; a table names what each of them may stand on. The other wing
// stands in internal/ as floors; an import goes down, never up and never
// sideways:
//
//	cmd → server → face → flow → model → platform → standards
//
// Every exception is written in the table of exceptions with its reason, and
// an exception that nothing uses any more fails the test. So do kits for tests
// that are imported by code which is not a test.
//
// Other tests here keep the documents true: RFC.md against the RFCs that code
// cites and against what a running server announces, ARCHITECTURE.md against
// the files and the dependencies that there are.
package archtest
