package config

import (
	"strings"
	"testing"
)

func TestCapabilitiesOff(t *testing.T) {
	t.Parallel()
	c := Capabilities{
		Without:  []string{"ALL"},
		Clients:  []string{"Old*: ONE", "old*/2.*: TWO THREE", "*/*/Evil: FOUR", "?: FIVE"},
		Accounts: []string{"Ann@example.test: SIX"},
	}
	for _, test := range []struct{ name, version, vendor, account, want string }{
		{"", "", "", "", "ALL"},
		{"OldMail", "", "", "", "ALL ONE"},
		{"OldMail", "2.0.1", "", "", "ALL ONE TWO THREE"},
		{"OldMail", "3", "EVIL", "ann@example.test", "ALL ONE FOUR SIX"},
		{"New/2.1", "2.1", "", "bob@example.test", "ALL"},
		{"x", "", "", "", "ALL FIVE"},
		{"", "", "Evil", "ANN@example.test", "ALL SIX"},
	} {
		if got := strings.Join(c.Off(test.name, test.version, test.vendor, test.account), " "); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
	if len(c.Without) != 1 {
		t.Errorf("the setting was changed: %v", c.Without)
	}
}

func TestCapabilitiesCheck(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Capabilities = Capabilities{Literals: "LITERAL", Clients: []string{"a", "[: X", ": X", "a:"}, Accounts: []string{"ann: X", "ann@example.test:"}}
	if problems := c.Check(); len(problems) != 7 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
}
