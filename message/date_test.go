package message

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var dates = []struct{ in, want string }{
	{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"},
	{"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"},
	{"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"},
	{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"},
	{"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"},
	{"Thu, 13 Feb 1969 23:32 EST", "1969-02-13T23:32:00-05:00"},
	{"1 Jan 49 00:00 PDT", "2049-01-01T00:00:00-07:00"},
	{"1 Jan 50 00:00 PDT", "1950-01-01T00:00:00-07:00"},
	{"1 Jan 103 00:00 +0000", "2003-01-01T00:00:00Z"},
	{"Wed, 5 Nov 2003 10:00:00 A", "2003-11-05T10:00:00Z"},
	{"Wed, 5 Nov 2003 10:00:00", "2003-11-05T10:00:00Z"},
	{"Wed, 5 November 2003 10:00:00 UT", "2003-11-05T10:00:00Z"},
	{"Wed Nov  5 10:00:00 2003", "2003-11-05T10:00:00Z"},
	{"Wed Nov  5 10:00:00 EST 2003", "2003-11-05T10:00:00-05:00"},
	{"5-Nov-2003 10:00:00 -0500", "2003-11-05T10:00:00-05:00"},
	{" 5-Nov-03 10:00:00 -0500", "2003-11-05T10:00:00-05:00"},
	{"Wed, 5 Nov 2003 10:00:00+0100", "2003-11-05T10:00:00+01:00"},
	{"Wed, 5 Nov 2003 10:00:00 +01:00", "2003-11-05T10:00:00+01:00"},
	{"Wed, 5 Nov 2003 10:00:00 GMT+0100", "2003-11-05T10:00:00+01:00"},
	{"Wed, 5 Nov 2003 10:00:00.123 +0100 (CET)", "2003-11-05T10:00:00+01:00"},
	{"Wed, 5 Nov 2003 2:00:00 PM +0000", "2003-11-05T14:00:00Z"},
	{"Wed,5 Nov 2003 10:00:00 -0000", "2003-11-05T10:00:00Z"},
	{"5 Nov 2003", "2003-11-05T00:00:00Z"},
	{"Wed, 5 Nov 2003 23:59:60 +0000", "2003-11-05T23:59:59Z"},
	{"Wed, 5 Nov 2003 10:00:00 +9999", "2003-11-05T10:00:00Z"},
	{"", ""},
	{"yesterday", ""},
	{"31 Feb 2003 10:00", ""},
	{"0 Nov 2003 10:00", ""},
	{"5 Nov 2003 25:00", ""},
	{"5 Nov 2003 10:61", ""},
	{"5 Nov 12003 10:00", ""},
	{"5 Nov", ""},
	{"(((", ""},
	{"5 Nov 2003 ((", "2003-11-05T00:00:00Z"},
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, test := range dates {
		got, err := ParseDate(test.in)
		switch {
		case test.want == "" && err == nil:
			t.Errorf("%q: got %v, want an error", test.in, got)
		case test.want != "" && (err != nil || got.Format(time.RFC3339) != test.want):
			t.Errorf("%q: got %v, %v, want %s", test.in, got.Format(time.RFC3339), err, test.want)
		}
	}
}

func TestDateRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(rt, "zone")*60)
		want := time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "time"), 0).In(zone)
		got, err := ParseDate(FormatDate(want))
		if err != nil || !got.Equal(want) {
			rt.Fatalf("%s: %v, %v", FormatDate(want), got, err)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, d := range dates {
		f.Add(d.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseDate(s)
		if err != nil {
			return
		}
		again, err := ParseDate(FormatDate(got))
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q is %v, %s is %v, %v", s, got, FormatDate(got), again, err)
		}
	})
}

func BenchmarkParseDate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDate("Mon, 01 Jan 2024 12:00:00 +0100"); err != nil {
			b.Fatal(err)
		}
	}
}
