package smtp

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// TestOptionsStored keeps what the queue stores: options without parameters
// take no room, and all parameters come back.
func TestOptionsStored(t *testing.T) {
	t.Parallel()
	const all = " SIZE=1 BODY=8BITMIME SMTPUTF8 AUTH=<> RET=FULL ENVID=x REQUIRETLS HOLDFOR=5 BY=7;RT MT-PRIORITY=-3 SOLICIT=a:b"
	want, err := ParseMailOptions(all, allOffered)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(want)
	var got MailOptions
	if err == nil {
		err = json.Unmarshal(raw, &got)
	}
	if err != nil || got != want {
		t.Errorf("%s: %+v, %v", raw, got, err)
	}
	if raw, _ = json.Marshal(RcptOptions{}); string(raw) != `{"Notify":0,"OriginalRecipient":""}` {
		t.Errorf("no options of a recipient are %s", raw)
	}
}

func TestHeldUntil(t *testing.T) {
	t.Parallel()
	received := time.Date(2007, 4, 5, 6, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, " HOLDFOR=60": time.Minute, " HOLDUNTIL=2007-04-05T07:00:00Z": time.Hour, " HOLDUNTIL=2007-04-05T05:00:00Z": 0,
	} {
		o, err := ParseMailOptions(in, allOffered)
		if got := o.HeldUntil(received).Sub(received); err != nil || got != want {
			t.Errorf("%q: held for %v, %v", in, got, err)
		}
	}
}

func TestByAfter(t *testing.T) {
	t.Parallel()
	b := By{Within: time.Minute, Mode: ByNotify}
	if got := b.After(90500 * time.Millisecond).String(); got != "-30;N" {
		t.Errorf("after more than its time: %s", got)
	}
	if got := b.After(1 << 62).String(); got != "-999999999;N" {
		t.Errorf("after ages: %s", got)
	}
	if !(By{}).After(time.Hour).IsZero() {
		t.Error("no request became one")
	}
}

func TestSolicitation(t *testing.T) {
	t.Parallel()
	s := Solicitation("net.example:ADV,org.example:ADV:ADLT")
	if got := slices.Collect(s.Keywords()); len(got) != 2 || got[1] != "org.example:ADV:ADLT" {
		t.Errorf("keywords %q", got)
	}
	if len(slices.Collect(Solicitation("").Keywords())) != 0 {
		t.Error("no list has keywords")
	}
	for other, want := range map[Solicitation]string{
		"": "", "ORG.EXAMPLE:adv:adlt": "org.example:ADV:ADLT", "net.example": "", "x,net.example:ADV": "net.example:ADV",
	} {
		if got := s.Common(other); got != want {
			t.Errorf("common with %q: %q", other, got)
		}
	}
}

func TestAnnouncedParameters(t *testing.T) {
	t.Parallel()
	e := ParseExtensions([]string{"LIMITS RCPTMAX=20 MAILMAX=5 X=1", "FUTURERELEASE 604800 2007-01-10T00:00:00Z", "DELIVERBY 240"})
	want := SessionLimits{MailMax: 5, RcptMax: 20}
	if got := e.Limits(); got != want || got.String() != "MAILMAX=5 RCPTMAX=20" {
		t.Errorf("limits %+v, as text %q", got, got)
	}
	if d, until, ok := e.FutureRelease(); !ok || d != 7*24*time.Hour || until.Year() != 2007 {
		t.Errorf("future release %v, %v, %v", d, until, ok)
	}
	if got := e.MinByTime(); got != 4*time.Minute {
		t.Errorf("min-by-time %v", got)
	}
	bad := ParseExtensions([]string{"LIMITS RCPTMAX=0 MAILMAX=1234567 RCPTDOMAINMAX", "FUTURERELEASE 1", "DELIVERBY -1"})
	if got := bad.Limits(); got != (SessionLimits{}) {
		t.Errorf("limits that make no sense: %+v", got)
	}
	if _, _, ok := bad.FutureRelease(); ok || bad.MinByTime() != 0 {
		t.Error("parameters that make no sense were taken")
	}
}
