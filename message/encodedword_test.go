package message

import "testing"

var headerTexts = []struct{ in, want string }{
	{"plain text", "plain text"},
	{"", ""},
	// RFC 2047 §8
	{"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
	{"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"},
	{"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
		"If you can read this you understand the example."},
	{"=?ISO-8859-8?b?7eXs+SDv4SDp7Oj08A==?=", "םולש ןב ילטפנ"},
	{"(=?ISO-8859-1?Q?a?=)", "(a)"},
	{"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
	{"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
	{"(=?ISO-8859-1?Q?a?=\r\n  =?ISO-8859-1?Q?b?=)", "(ab)"},
	{"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
	{"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
	// RFC 2231 §5
	{"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},
	// a character split between two words
	{"=?utf-8?q?=e2=82?= =?utf-8?q?=ac?=", "€"},
	{"=?UTF-8?B?4oI=?= =?utf-8?B?rA==?=", "€"},
	{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
	{"=?gb2312?B?xOO6ww==?=", "你好"},
	// broken ones stay
	{"=?utf-8?q?unclosed", "=?utf-8?q?unclosed"},
	{"=?utf-8?x?what?=", "=?utf-8?x?what?="},
	{"=??q?what?=", "=??q?what?="},
	{"=?utf-8?q?a =?utf-8?q?b?=", "=?utf-8?q?a b"},
	{"=?=?=?", "=?=?=?"},
	// but are taken where the meaning is plain
	{"=?utf-8?q?a b?=", "a b"},
	{"=?utf-8?q?really??=", "really?"},
	{"=?utf-8?b?YQ?=", "a"},
	{"=?utf-8?q?100=?=", "100="},
	{"=?unknown?q?abc?=", "abc"},
	{"=?utf-8?q?caf=e9?=", "café"},
	{"=?us-ascii?q?a=0d=0aBcc:_b?=", "a  Bcc: b"},
	{"a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d"},
	// raw octets
	{"caf\xc3\xa9", "café"},
	{"caf\xe9", "café"},
	{"caf\xe9 =?utf-8?q?=c3=a9?=", "café é"},
}

func TestDecodeHeader(t *testing.T) {
	t.Parallel()
	for _, test := range headerTexts {
		if got := DecodeHeader(test.in); got != test.want {
			t.Errorf("%q: got %q, want %q", test.in, got, test.want)
		}
	}
}
