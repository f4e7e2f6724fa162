package config

import "testing"

func TestMaildrop(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		days    int
		limited bool
	}{
		"forever": {0, false}, "0d": {0, true}, "30d": {30, true},
	} {
		c, err := Parse([]byte("[maildrop]\nleave-on-server = '" + text + "'\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if days, limited := c.Maildrop.LeaveDays(); days != want.days || limited != want.limited {
			t.Errorf("%s is %d days, limited %t", text, days, limited)
		}
	}
	for text, want := range map[string]string{
		"mailbox = ''":            "line 2: maildrop.mailbox: must name a mailbox, such as \"INBOX\"",
		"delete = 'burn'":         "line 2: maildrop.delete: \"burn\" is none of [\"delete\" \"trash\" \"hide\"]",
		"leave-on-server = '30'":  "line 2: maildrop.leave-on-server: must be \"forever\" or days such as \"30d\", not \"30\"",
		"leave-on-server = '-1d'": "line 2: maildrop.leave-on-server: must be \"forever\" or days such as \"30d\", not \"-1d\"",
		"login-delay = '1ms'":     "line 2: maildrop.login-delay: must be whole seconds, at most a day",
		"idle-time = '9m'":        "line 2: maildrop.idle-time: must be from 10m to 24h (RFC 1939 §3)",
		"language = 'fr'":         "line 2: maildrop.language: \"fr\" is none of [\"en\" \"de\"]",
	} {
		if _, err := Parse([]byte("[maildrop]\n" + text + "\n")); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}
