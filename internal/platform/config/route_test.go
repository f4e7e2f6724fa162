package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const routes = `
[outbound]
concurrency = 50

[[outbound.route]]
name = "stubborn"
mx = ["*.big.test"]
after-attempts = 3
via = "relay.test:587"
tls = "verify"
retry = ["1m", "2m"]

[[outbound.route]]
name = "news"
sender-domains = ["news.test", ""]
pool = "new"

[outbound.pool-of-nothing]
x = 1

[[outbound.pool]]
name = "new"
addresses = ["192.0.2.1", "2001:db8::1"]
warm-up = [50, 100]
warm-up-start = "2026-11-30"
overflow = "old"

[[outbound.pool]]
name = "old"
addresses = ["192.0.2.9"]
`

func TestRoutes(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte(routes))
	if err == nil || err.Error() != "line 18: outbound.pool-of-nothing: there is no such setting\nline 19: outbound.pool-of-nothing.x: there is no such setting" {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(routes, "[outbound.pool-of-nothing]\nx = 1\n")
	c, err := Parse([]byte(before + after))
	if err != nil {
		t.Fatal(err)
	}
	want := []Route{
		{Name: "stubborn", MX: []string{"*.big.test"}, AfterAttempts: 3, Via: "relay.test:587", TLS: "verify",
			Retry: []Duration{{time.Minute}, {2 * time.Minute}}},
		{Name: "news", Senders: []string{"news.test", ""}, Pool: "new"},
	}
	if diff := cmp.Diff(want, c.Outbound.Routes); diff != "" || c.Outbound.Concurrency != 50 {
		t.Error(diff)
	}
	if p := c.Outbound.Pools; len(p) != 2 || p[0].Overflow != "old" || p[1].Addresses[0] != "192.0.2.9" {
		t.Errorf("%+v", p)
	}
}

func TestRouteProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[[outbound.route]]\nvia = 'mx'":                                             "line 1: outbound.route[1].name: must be set",
		"[[outbound.route]]\nname = 'a'\ncolour = 1":                                 "line 3: outbound.route[1].colour: there is no such setting",
		"[[outbound.route]]\nname = 'a'\nvia = 'relay'":                              "line 3: outbound.route[1].via: \"relay\" is neither host:port nor \"mx\"",
		"[[outbound.route]]\nname = 'a'\n[[outbound.route]]\nname = 'a'":             "line 4: outbound.route[2].name: \"a\" is the name of another route",
		"[[outbound.route]]\nname = 'a'\npool = 'p'":                                 "line 3: outbound.route[1].pool: there is no pool \"p\"",
		"[[outbound.route]]\nname = 'a'\nmx = ['Big.test']":                          "line 3: outbound.route[1].mx: \"Big.test\" is not a pattern: lower case, and at most four *",
		"[[outbound.route]]\nname = 'a'\nretry = '1m'":                               "line 3: outbound.route[1].retry: must be a list of texts in quotes, not a TOML string",
		"[[outbound.route]]\nname = 'a'\nuser = 'me'":                                "line 3: outbound.route[1].user: must be set together with password-file\nline 3: outbound.route[1].user: makes sense only with via",
		"[[outbound.route]]\nname = 'a'\ntls = 'implicit'":                           "line 3: outbound.route[1].tls: implicit makes sense only with via",
		"[[outbound.route]]\nname = 'a'\nconcurrency = -1":                           "line 3: outbound.route[1].concurrency: must not be negative",
		"[outbound.route]\nname = 'a'":                                               "line 1: outbound.route[1]: is a list: write [[outbound.route]]",
		"[[outbound.pool]]\nname = 'p'":                                              "line 1: outbound.pool[1].addresses: must have at least one address",
		"[[outbound.pool]]\nname = 'p'\naddresses = ['x']":                           "line 3: outbound.pool[1].addresses: \"x\" is not an IP address",
		"[[outbound.pool]]\nname = 'p'\naddresses = ['::1']\nwarm-up = [0]":          "line 1: outbound.pool[1].warm-up-start: \"\" is not a day such as \"2026-11-30\"\nline 4: outbound.pool[1].warm-up: a day must have at least one recipient",
		"[[outbound.pool]]\nname = 'p'\naddresses = ['::1']\noverflow = 'p'":         "line 4: outbound.pool[1].overflow: the pool \"p\" comes back to itself",
		"[[outbound.pool]]\nname = 'p'\naddresses = ['::1']\nwarm-up-start = 'soon'": "line 4: outbound.pool[1].warm-up-start: \"soon\" is not a day such as \"2026-11-30\"",
	} {
		_, err := Parse([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot:\n%v\nwant:\n%s", text, err, want)
		}
	}
}
