// Package dnstest answers DNS questions from a table, for tests: as a
// [dns.Resolver] in the same process ([New]), or as a server on a loopback
// port ([Serve]) that speaks the real protocol.
//
// The tables of [Zones] are keyed by name in lower case without the final dot.
// A name that is in none of them does not exist; one that is in some has no
// data in the others. Failures can be set per question and change while the
// test runs:
//
//	r := dnstest.New(dnstest.Zones{
//		MX: map[string][]dns.MX{"example.org": {{Preference: 10, Host: "mx.example.org"}}},
//		A:  map[string][]string{"mx.example.org": {"127.0.0.1"}},
//	})
//	r.Update(func(z *dnstest.Zones) {
//		z.Fail = map[string]dnstest.Failure{"MX example.org": dnstest.ServFail}
//	})
package dnstest
