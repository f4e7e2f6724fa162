package imapsession_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyKeywords gives one message 64 keywords of its user's making, and more
// to others.
func TestManyKeywords(t *testing.T) {
	t.Parallel()
	_, all := open(t, 1, "one", "two")
	c := all[0]
	var words []string
	for i := range 100 {
		words = append(words, fmt.Sprintf("Word%d", i))
	}
	c.OK("STORE 1 +FLAGS.SILENT (" + strings.Join(words[:64], " ") + ")")
	c.OK("STORE 2 +FLAGS.SILENT (" + strings.Join(words[36:], " ") + ")")
	r := c.OK("FETCH 1:2 FLAGS")
	for i, word := range words {
		for m, has := range []bool{i < 64, i >= 36} {
			if strings.Contains(r.Untagged[m]+" ", word+" ") != has {
				t.Errorf("message %d: %s is wrong in %s", m+1, word, r.Untagged[m])
			}
		}
	}
	expect(t, c, "SEARCH KEYWORD Word0", "OK", "SEARCH 1")
	expect(t, c, "SEARCH KEYWORD Word63 KEYWORD Word36", "OK", "SEARCH 1 2")
	expect(t, c, "SEARCH KEYWORD word99", "OK", "SEARCH 2")
	if flags := c.OK("SELECT INBOX").Lines("FLAGS"); !strings.Contains(flags[0], "Word99") {
		t.Errorf("SELECT tells %s", flags)
	}
}
