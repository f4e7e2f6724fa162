package sasl

import (
	"strings"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// Prepare returns a user name or password in the form in which it is compared
// and in which keys are derived from it: SASLprep (RFC 4013), as RFC 4616 §2
// and RFC 5802 §5.1 want it.
//
// QUIRK: SASLprep knows only Unicode 3.2 and forbids what came later, emoji
// among it. A string that it refuses is returned as it is, as most clients
// use it.
func Prepare(s string) string {
	prepared, err := stringprep.SASLprep.Prepare(s)
	if err != nil || prepared == "" {
		return s
	}
	return prepared
}

// isText says that a message holds only text: UTF-8 without line ends.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, "\r\n")
}
