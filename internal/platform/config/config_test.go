package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExampleIsDefault(t *testing.T) {
	t.Parallel()
	text, err := Example()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", diff)
	}
}

// TestEverySettingIsExplained looks at each field: it has a key and a comment,
// and the example shows both.
func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	text, err := Example()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Anonymous {
				walk(f.Type)
				continue
			}
			key, comment := f.Tag.Get("toml"), f.Tag.Get("comment")
			if key == "" || comment == "" {
				t.Errorf("%s.%s has no key or no comment", typ.Name(), f.Name)
			}
			if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Duration]() {
				walk(f.Type)
			} else if !strings.Contains(string(text), "\n"+key+" = ") {
				t.Errorf("the example does not show %s", key)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(`
hostname = "mail.example.org"
data = "/srv/mail" # a comment

[smtp]
listen = [
  "127.0.0.1:2525", # one
  "[::1]:2525",
]

[limits]
message-size = "25MB"

[outbound]
lifetime = "2d"
retry = ["10s", "1m"]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Hostname, want.Data = "mail.example.org", "/srv/mail"
	want.SMTP.Listen = []string{"127.0.0.1:2525", "[::1]:2525"}
	want.Limits.MessageSize = 25 << 20
	want.Outbound.Lifetime = Duration{48 * time.Hour}
	want.Outbound.Retry = []Duration{{10 * time.Second}, {time.Minute}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte(`hostname = "not a name"
dta = "/srv"

[smtp]
listen = ["25"]
max-connections = "many"
colour = "blue"

[limits]
message-size = "big"
recipients = 3

[nonsense]
a = 1

[outbound]
tls = "maybe"
lifetime = 5
`))
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error %v is not a list of problems", err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	for i, want := range []string{
		"line 1: hostname:", "line 2: dta:", "line 5: smtp.listen:", "line 6: smtp.max-connections:", "line 7: smtp.colour:",
		"line 10: limits.message-size:", "line 11: limits.recipients:", "line 13: nonsense:", "line 14: nonsense.a:",
		"line 17: outbound.tls:", "line 18: outbound.lifetime:",
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Fatalf("problem %d is not %q in:\n%s", i, want, strings.Join(got, "\n"))
		}
	}
	if len(got) != 11 {
		t.Errorf("%d problems, want 11:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// TestProblemTexts has the other ways to write a mistake.
func TestProblemTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[[smtp]]\nlisten = [':26']":                         "line 1: smtp: is no list: write [smtp]",
		"\nsmtp = { listen = ['x'], colour = 1, shape = 2 }": "line 2: smtp.colour: there is no such setting\nline 2: smtp.shape: there is no such setting\nline 2: smtp.listen: \"x\" is not an address such as \":25\"",
		"smtp.listen = ['x']":                                "line 1: smtp.listen: \"x\" is not an address such as \":25\"",
		"smtp = 5":                                           "line 1: smtp: must be a section of settings, not a TOML integer",
		"[smtp]\nmax-connections = 1.5":                      "line 2: smtp.max-connections: must be a whole number, not a TOML float",
		"[smtp]\nlisten = ':25'":                             "line 2: smtp.listen: must be a list of texts in quotes, not a TOML string",
		"[outbound]\nlifetime = 5":                           "line 2: outbound.lifetime: \"5\" is not a duration such as \"90s\", \"4h\" or \"5d\"",
		"[auth]\nallow-insecure = 'no'":                      "line 2: auth.allow-insecure: must be true or false, not a TOML string",
		"hostname = 3":                                       "line 1: hostname: must be a text in quotes, not a TOML integer",
		"hostname = '[192.0.2.1]'":                           "line 1: hostname: \"[192.0.2.1]\" is not a domain name",
		"data = 'here'":                                      "line 1: data: must be an absolute path, not \"here\"",
		"[delivery]\npostmaster = 'me'":                      "line 2: delivery.postmaster: \"me\" is not an address",
		"[delivery]\nquota-messages = -1":                    "line 2: delivery.quota-messages: must not be negative",
		"[delivery]\nquota-mailboxes = -1":                   "line 2: delivery.quota-mailboxes: must not be negative",
		"[tls]\nkey = 'key.pem'":                             "line 1: tls.certificate: must be set together with key",
		"[outbound]\r\nsmarthost = 'relay'\r\n":              "line 2: outbound.smarthost: \"relay\" is not host:port",
		"[outbound]\nsmarthost = ':25'\n":                    "line 2: outbound.smarthost: \":25\" is not host:port",
		"[outbound]\nsmarthost = 're lay:25'\n":              "line 2: outbound.smarthost: \"re lay:25\" is not host:port",
		"[outbound]\nsmarthost = 'relay:0'\n":                "line 2: outbound.smarthost: \"relay:0\" is not host:port",
		"[dns]\nservers = ['::1', 'ns.example']":             "line 2: dns.servers: \"ns.example\" is neither an address nor address:port",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestSyntaxError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"data = \"/srv\"\nhostname = \n", "[smtp]\n[smtp]\n", "data = 'a'\ndata = 'b'\n"} {
		_, err := Parse([]byte(text))
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line < 1 {
			t.Errorf("%q: error %v has no line", text, err)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "mailstead.toml")
	if _, err := Load(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a file that is not there", err)
	}
	if err := os.WriteFile(name, []byte("hostname = \"a.test\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(name); err != nil || c.Hostname != "a.test" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"5d": 120 * time.Hour, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "0s": 0} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Duration != want {
			t.Errorf("duration %q: %v, %v", text, d, err)
		}
	}
	for text, want := range map[string]Size{"50MB": 50 << 20, "1 KB": 1 << 10, "17": 17, "2tb": 2 << 40} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("size %q: %v, %v", text, s, err)
		}
	}
	for _, bad := range []string{"", "x", "-1s", "99999999999TB", "-5", "1.5d"} {
		var d Duration
		var s Size
		if d.UnmarshalText([]byte(bad)) == nil || s.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := Example()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("[smtp]\nlisten = [\":25\"]\na.b = 1\n[[x]]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v and error %v", c, err)
		}
	})
}
