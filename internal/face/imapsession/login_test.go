package imapsession_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/sasl"
)

// authenticate plays a SASL client over AUTHENTICATE and returns how that ends.
func authenticate(t *testing.T, c *mailtest.IMAP, client sasl.Client) string {
	t.Helper()
	mechanism, response, err := client.Start()
	if err != nil {
		t.Fatal(err)
	}
	c.Write("x AUTHENTICATE " + mechanism + "\r\n")
	for first := true; ; first = false {
		line := c.ReadLine()
		challenge, ok := strings.CutPrefix(line, "+ ")
		if !ok {
			return line
		}
		if !first || response == nil {
			decoded, err := base64.StdEncoding.DecodeString(challenge)
			if err != nil {
				t.Fatal(err)
			}
			if response, err = client.Next(decoded); err != nil {
				t.Fatal(err)
			}
		}
		c.Write(base64.StdEncoding.EncodeToString(response) + "\r\n")
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "gone@example.test", Disabled: true}},
	})
	for name, client := range map[string]func(user, password string) sasl.Client{
		"PLAIN":         func(u, p string) sasl.Client { return sasl.NewPlainClient("", u, p) },
		"LOGIN":         sasl.NewLoginClient,
		"SCRAM-SHA-256": func(u, p string) sasl.Client { return sasl.NewSCRAMClient("", u, p) },
	} {
		for _, one := range []struct{ user, password, want string }{
			{ann, mailtest.Password, "x OK "},
			{ann, "wrong", "x NO [AUTHENTICATIONFAILED]"},
			{"nobody@example.test", mailtest.Password, "x NO [AUTHENTICATIONFAILED]"},
			{"gone@example.test", mailtest.Password, "x NO "},
		} {
			t.Run(name+" "+one.user+" "+one.password, func(t *testing.T) {
				t.Parallel()
				c := s.DialIMAP()
				defer c.Close()
				if got := authenticate(t, c, client(one.user, one.password)); !strings.HasPrefix(got, one.want) && !strings.Contains(got, "CAPABILITY") {
					t.Errorf("got %q, want %q", got, one.want)
				}
			})
		}
	}
}

func TestLoginCommand(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.DialIMAP()
	if r := c.Do("SELECT INBOX"); !strings.HasPrefix(r.Final, "BAD") {
		t.Errorf("SELECT before LOGIN: %s", r.Final)
	}
	if r := c.Do("LOGIN " + ann + " wrong"); !strings.HasPrefix(r.Final, "NO [AUTHENTICATIONFAILED]") {
		t.Errorf("a wrong password: %s", r.Final)
	}
	c.OK("LOGIN ANN@EXAMPLE.TEST \"" + mailtest.Password + "\"")
	c.OK("SELECT INBOX")
}

func TestNoPasswordsInTheClear(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config:   func(c *config.Config) { c.Auth.AllowInsecure = false },
	})
	c := s.DialIMAP()
	capabilities := strings.Join(c.OK("CAPABILITY").Untagged, " ")
	if !strings.Contains(capabilities, "LOGINDISABLED") || !strings.Contains(capabilities, "STARTTLS") || strings.Contains(capabilities, "AUTH=PLAIN") {
		t.Errorf("without TLS: %s", capabilities)
	}
	if r := c.Do("LOGIN " + ann + ` "` + mailtest.Password + `"`); !strings.HasPrefix(r.Final, "NO [PRIVACYREQUIRED]") {
		t.Errorf("LOGIN without TLS: %s", r.Final)
	}
}
