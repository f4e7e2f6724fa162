package smtp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReplyAppend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reply Reply
		want  string
	}{
		{Reply{Code: 250}, "250 \r\n"},
		{Reply{Code: 250, Lines: []string{"OK"}}, "250 OK\r\n"},
		{Reply{Code: 550, Enhanced: EnhancedCode{5, 1, 1}, Lines: []string{"No", "user"}}, "550-5.1.1 No\r\n550 5.1.1 user\r\n"},
		{Reply{Code: 250, Lines: []string{"\u00fc"}}, "250 ??\r\n"},
		{Reply{Code: 550, Lines: []string{"a\r\n250 forged"}}, "550 a  250 forged\r\n"},
	}
	for _, tt := range tests {
		if got := string(tt.reply.Append(nil)); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestParseReplyLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line string
		want ReplyLine
		ok   bool
	}{
		{"250 OK", ReplyLine{Code: 250, Text: "OK", Last: true}, true},
		{"250", ReplyLine{Code: 250, Last: true}, true},
		{"250-OK", ReplyLine{Code: 250, Text: "OK"}, true},
		{"550 5.1.1 No", ReplyLine{Code: 550, Enhanced: EnhancedCode{5, 1, 1}, Text: "No", Last: true}, true},
		{"550 5.7.999", ReplyLine{Code: 550, Enhanced: EnhancedCode{5, 7, 999}, Last: true}, true},
		{"550 2.1.1 No", ReplyLine{Code: 550, Text: "2.1.1 No", Last: true}, true},
		{"250 2.0 users", ReplyLine{Code: 250, Text: "2.0 users", Last: true}, true},
		{"250 2.0.0000 x", ReplyLine{Code: 250, Text: "2.0.0000 x", Last: true}, true},
		{"250 2.01.0 x", ReplyLine{Code: 250, Text: "2.01.0 x", Last: true}, true},
		{"250 2..0 x", ReplyLine{Code: 250, Text: "2..0 x", Last: true}, true},
		{"250 2.0.0.0 x", ReplyLine{Code: 250, Text: "2.0.0.0 x", Last: true}, true},
		{"334 ", ReplyLine{Code: 334, Last: true}, true},
		{"", ReplyLine{}, false}, {"25", ReplyLine{}, false}, {"199 x", ReplyLine{}, false},
		{"600 x", ReplyLine{}, false}, {"25x x", ReplyLine{}, false}, {"250x", ReplyLine{}, false},
	}
	for _, tt := range tests {
		got, err := ParseReplyLine(tt.line)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: %+v, %v, want %+v", tt.line, got, err, tt.want)
		}
	}
}

func TestReplyTo(t *testing.T) {
	t.Parallel()
	refused := NewError(550, EnhancedCode{5, 1, 1}, "No such user")
	const bland = "451 4.3.0 Temporary failure, please try again later"
	tests := []struct {
		err  error
		want string
	}{
		{refused, "550 5.1.1 No such user"},
		{fmt.Errorf("rcpt: %w", refused.WithCause(errors.New("secret"))), "550 5.1.1 No such user"},
		{errors.New("secret"), bland},
		{&Error{Reply: Reply{Code: 250}}, bland},
		{&Error{}, bland},
	}
	for _, tt := range tests {
		if got := ReplyTo(tt.err).String(); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	plain := NewError(452, EnhancedCode{4, 3, 1}, "No space")
	err := plain.WithCause(cause)
	if err.Error() != "452 4.3.1 No space: disk full" || !errors.Is(err, cause) || !err.Temporary() {
		t.Errorf("%v, temporary %v", err, err.Temporary())
	}
	if plain.Err != nil {
		t.Error("WithCause changed its receiver")
	}
}

func TestReversePath(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, path, rest string }{
		{"<>", "<>", ""},
		{"<> SIZE=1", "<>", " SIZE=1"},
		{"<a@x.test> BODY=7BIT", "<a@x.test>", " BODY=7BIT"},
		{`<"a>b"@x.test>`, `<"a>b"@x.test>`, ""},
		{"<@a.test:b@x.test>", "<b@x.test>", ""},
		{"<@a.test,@[192.0.2.1]:b@x.test>x", "<b@x.test>", "x"},
	}
	for _, tt := range tests {
		p, rest, err := ParseReversePath(tt.in)
		if err != nil || p.String() != tt.path || rest != tt.rest || p.IsNull() != (tt.path == "<>") {
			t.Errorf("%q: %q, %q, %v", tt.in, p, rest, err)
		}
	}
}

func TestForwardPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<b@y.test>":   "<b@y.test>",
		"<Postmaster>": "<postmaster>",
	} {
		p, rest, err := ParseForwardPath(in)
		if err != nil || p.String() != want || rest != "" || p.IsPostmaster() != (want == "<postmaster>") {
			t.Errorf("%q: %q, %q, %v", in, p, rest, err)
		}
	}
}

func TestPathSyntax(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "<", ">", "a@x.test", "<a@x.test", "< a@x.test>", "<a@x.test >", "<a>", "<@x.test>", "<@x.test:>",
		"<@x_:a@x.test>", "<@x.test,y.test:a@x.test>", "<postmaster",
	} {
		if p, _, err := ParseReversePath(in); !isSyntaxError(err, "5.1.7") {
			t.Errorf("reverse %q: %q, %v", in, p, err)
		}
		if p, _, err := ParseForwardPath(in); !isSyntaxError(err, "5.1.3") {
			t.Errorf("forward %q: %q, %v", in, p, err)
		}
	}
	if _, _, err := ParseForwardPath("<>"); !isSyntaxError(err, "5.1.3") {
		t.Errorf("null forward path: %v", err)
	}
}

func isSyntaxError(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Reply.Code == 501 && e.Reply.Enhanced.String() == code
}

var allOffered = Extensions{
	Size: "", EightBitMIME: "", BinaryMIME: "", SMTPUTF8: "", Auth: "", DSN: "", RequireTLS: "", FutureRelease: "",
	DeliverBy: "", MTPriority: "", NoSoliciting: "", RRVS: "",
}

func TestMailOptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want MailOptions
	}{
		{"", MailOptions{}},
		{"  ", MailOptions{}},
		{" size=12  body=8bitmime ", MailOptions{Size: 12, Body: Body8BitMIME}},
		{" SMTPUTF8 BODY=BINARYMIME", MailOptions{SMTPUTF8: true, Body: BodyBinaryMIME}},
		{" AUTH=<>", MailOptions{Auth: "<>"}},
		{" AUTH=a+2Bb@x.test", MailOptions{Auth: "a+b@x.test"}},
		{" RET=hdrs ENVID=QQ314159", MailOptions{Return: ReturnHeaders, EnvelopeID: "QQ314159"}},
		{" requiretls", MailOptions{RequireTLS: true}},
		{" HOLDFOR=86400", MailOptions{HoldFor: 24 * time.Hour}},
		{" HOLDFOR=999999999", MailOptions{HoldFor: 999999999 * time.Second}},
		{" HOLDUNTIL=2007-04-05T06:07:08Z", MailOptions{HoldUntil: time.Date(2007, 4, 5, 6, 7, 8, 0, time.UTC)}},
		{" HOLDUNTIL=2007-04-05t08:07:08.5+02:00", MailOptions{HoldUntil: time.Date(2007, 4, 5, 6, 7, 8, 0, time.UTC)}},
		{" BY=120;R", MailOptions{By: By{Within: 2 * time.Minute, Mode: ByReturn}}},
		{" by=-10;nt", MailOptions{By: By{Within: -10 * time.Second, Mode: ByNotify, Trace: true}}},
		{" BY=+0;N", MailOptions{By: By{Mode: ByNotify}}},
		{" MT-PRIORITY=6", MailOptions{Priority: 6}},
		{" MT-PRIORITY=-9", MailOptions{Priority: -9}},
		{" SOLICIT=net.example:ADV,org.example:ADV:ADLT", MailOptions{Solicit: "net.example:ADV,org.example:ADV:ADLT"}},
	}
	for _, tt := range tests {
		got, err := ParseMailOptions(tt.in, allOffered)
		if err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v", tt.in, got, err)
		}
		if again, err := ParseMailOptions(got.String(), allOffered); err != nil || again != got {
			t.Errorf("%q prints as %q: %v", tt.in, got.String(), err)
		}
		if _, err := ParseMailOptions(tt.in, nil); (err == nil) != (tt.want == MailOptions{}) {
			t.Errorf("%q where nothing is offered: %v", tt.in, err)
		}
	}
}

func TestMailOptionsSyntax(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{
		"SIZE=1": 501, " SIZE": 501, " SIZE=": 501, " SIZE=-1": 501, " SIZE=1 SIZE=2": 501, " SIZE=123456789012345678901": 501,
		" BODY=": 501, " BODY=EBCDIC": 501, " SMTPUTF8=1": 501, " =1": 501, " AUTH=a": 501, " AUTH=a+b": 501,
		" RET=ALL": 501, " REQUIRETLS=1": 501, " RRVS=2014-04-03T23:01:00Z": 555,
		" HOLDFOR=": 501, " HOLDFOR=0": 501, " HOLDFOR=-1": 501, " HOLDFOR=1234567890": 501, " HOLDFOR=1 HOLDUNTIL=2007-04-05T06:07:08Z": 501,
		" HOLDUNTIL=2007-04-05T06:07:08Z HOLDFOR=1": 501, " HOLDUNTIL=2007-04-05": 501, " HOLDUNTIL=0001-01-01T00:00:00Z": 501,
		" HOLDUNTIL=9999-12-31T23:59:59-01:00": 501, " BY=1": 501, " BY=1;": 501, " BY=1;T": 501, " BY=1;X": 501, " BY=0;R": 501, " BY=-1;R": 501,
		" BY=+-1;N": 501, " BY=;N": 501, " BY=1234567890;N": 501, " MT-PRIORITY=10": 501, " MT-PRIORITY=-0": 501, " MT-PRIORITY=+1": 501,
		" MT-PRIORITY=x": 501, " SOLICIT=,": 501, " SOLICIT=a,": 501, " SOLICIT=1a": 501, " SOLICIT=a;b": 501, " SOLICIT=" + strings.Repeat("x", 1001): 501,
		" ENVID=+": 501, " ENVID=" + strings.Repeat("x", 101): 501, " X=1": 555, " NOTIFY=NEVER": 555,
	} {
		_, err := ParseMailOptions(in, allOffered)
		var e *Error
		if !errors.As(err, &e) || e.Reply.Code != want || e.Reply.Enhanced != (EnhancedCode{5, 5, 4}) {
			t.Errorf("%q: %v, want %d", in, err, want)
		}
	}
	if o, err := ParseMailOptions(" SIZE=99999999999999999999", allOffered); err != nil || o.Size != 1<<63-1 {
		t.Errorf("huge size: %d, %v", o.Size, err)
	}
}

func TestRcptOptions(t *testing.T) {
	t.Parallel()
	since := time.Date(2014, 4, 3, 23, 1, 0, 0, time.UTC)
	tests := []struct {
		in   string
		want RcptOptions
	}{
		{"", RcptOptions{}},
		{" NOTIFY=NEVER", RcptOptions{Notify: NotifyNever}},
		{" notify=delay,success,failure", RcptOptions{Notify: NotifyDelay | NotifySuccess | NotifyFailure}},
		{" ORCPT=rfc822;a+2Bb@x.test", RcptOptions{OriginalRecipient: "rfc822;a+b@x.test"}},
		{" RRVS=2014-04-03T23:01:00Z", RcptOptions{ValidSince: ValidSince{Time: since}}},
		{" RRVS=2014-04-03T23:01:00Z;r", RcptOptions{ValidSince: ValidSince{Time: since}}},
		{" RRVS=2014-04-03T23:01:00Z;C", RcptOptions{ValidSince: ValidSince{Time: since, Continue: true}}},
	}
	for _, tt := range tests {
		got, err := ParseRcptOptions(tt.in, allOffered)
		if err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v", tt.in, got, err)
		}
		if again, err := ParseRcptOptions(got.String(), allOffered); err != nil || again != got {
			t.Errorf("%q prints as %q: %v", tt.in, got.String(), err)
		}
	}
	for _, in := range []string{
		" NOTIFY=", " NOTIFY=NEVER,DELAY", " NOTIFY=DELAY,DELAY", " NOTIFY=X", " ORCPT=a", " ORCPT=;a", " ORCPT=rfc822;", " ORCPT=rfc822;+", " SIZE=1",
		" RRVS=", " RRVS=2014-04-03", " RRVS=2014-04-03T23:01:00Z;", " RRVS=2014-04-03T23:01:00Z;X", " RRVS=2014-04-03T23:01:00Z;C;C",
	} {
		if o, err := ParseRcptOptions(in, allOffered); err == nil {
			t.Errorf("%q: taken as %+v", in, o)
		}
	}
	if _, err := ParseRcptOptions(" NOTIFY=NEVER", nil); err == nil {
		t.Error("NOTIFY was taken though DSN is not offered")
	}
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	e := ParseExtensions([]string{"PIPELINING", "size 1000", "AUTH=LOGIN", "AUTH PLAIN  scram-sha-256", "", "X-A b c"})
	want := Extensions{Pipelining: "", Size: "1000", Auth: "PLAIN  scram-sha-256", "X-A": "b c"}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got %v", e)
	}
	if !e.Has(Pipelining) || e.Has(Chunking) || e.MaxSize() != 1000 {
		t.Errorf("got %v, size %d", e, e.MaxSize())
	}
	if got := e.AuthMechanisms(); !reflect.DeepEqual(got, []string{"PLAIN", "SCRAM-SHA-256"}) {
		t.Errorf("mechanisms %q", got)
	}
	var none Extensions
	if none.Has(Size) || none.MaxSize() != 0 || len(none.AuthMechanisms()) > 0 {
		t.Error("nothing offered is something")
	}
	if got := (Extensions{Size: "-5"}).MaxSize(); got != 0 {
		t.Errorf("negative size gives %d", got)
	}
}

func TestXtext(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "a": "a", "a+b=c": "a+2Bb+3Dc", "a b\u00fc": "a+20b+C3+BC"} {
		if got := EncodeXtext(text); got != want {
			t.Errorf("EncodeXtext(%q) = %q, want %q", text, got, want)
		}
		if got, ok := DecodeXtext(want); !ok || got != text {
			t.Errorf("DecodeXtext(%q) = %q, %v", want, got, ok)
		}
	}
	for _, bad := range []string{"+", "+2", "+2b", "+GG", "a=b", "a b", "\u00fc"} {
		if got, ok := DecodeXtext(bad); ok {
			t.Errorf("DecodeXtext(%q) = %q", bad, got)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"<>", "<a@x.test> SIZE=1", "<@a:b@c>", `<"a\"b"@[IPv6:::1]>`, "<Postmaster>", "<ü@bücher.example>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, rest, err := ParseReversePath(s); err == nil {
			if !strings.HasSuffix(s, rest) || strings.ContainsAny(p.String(), "\r\n") {
				t.Errorf("%q: %q, %q", s, p, rest)
			}
		}
		p, _, err := ParseForwardPath(s)
		if err != nil || len(p.String()) > 256 {
			return
		}
		again, rest, err := ParseForwardPath(p.String())
		if err != nil || rest != "" || again != p {
			t.Errorf("%q prints as %q, which parses as %q, %v", s, p, again, err)
		}
	})
}

func FuzzOptions(f *testing.F) {
	for _, s := range []string{" SIZE=1 BODY=7BIT", " SMTPUTF8 AUTH=<>", " RET=FULL ENVID=a+20b", " NOTIFY=NEVER ORCPT=rfc822;a",
		" REQUIRETLS HOLDFOR=1 BY=-1;NT MT-PRIORITY=-3 SOLICIT=a:b,c", " HOLDUNTIL=2007-04-05T06:07:08+02:00", " RRVS=2014-04-03T23:01:00Z;C",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if o, err := ParseMailOptions(s, allOffered); err == nil {
			if again, err := ParseMailOptions(o.String(), allOffered); err != nil || again != o {
				t.Errorf("%q: %+v prints as %q, which parses as %+v, %v", s, o, o, again, err)
			}
		}
		if o, err := ParseRcptOptions(s, allOffered); err == nil {
			if again, err := ParseRcptOptions(o.String(), allOffered); err != nil || again != o {
				t.Errorf("%q: %+v prints as %q, which parses as %+v, %v", s, o, o, again, err)
			}
		}
	})
}

func FuzzReplyLine(f *testing.F) {
	for _, s := range []string{"250 OK", "250-2.0.0 OK", "550 5.1.1", "334 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseReplyLine(s)
		if err != nil || !l.Last || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			return
		}
		r := Reply{Code: l.Code, Enhanced: l.Enhanced, Lines: []string{l.Text}}
		again, err := ParseReplyLine(strings.TrimSuffix(string(r.Append(nil)), "\r\n"))
		if err != nil || again != l {
			t.Errorf("%q: %+v and then %+v, %v", s, l, again, err)
		}
	})
}
