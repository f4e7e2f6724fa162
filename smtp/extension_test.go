package smtp

import (
	"strings"
	"testing"
)

// FuzzExtensions reads any lines as the reply to EHLO.
func FuzzExtensions(f *testing.F) {
	f.Add("SIZE 1000\nAUTH PLAIN LOGIN\nauth=LOGIN\n8BITMIME")
	f.Add("SIZE -1\nSIZE 99999999999999999999\nAUTH\n\n \nDELIVERBY x")
	f.Add("MT-PRIORITY \x00\xff\nLIMITS MAILMAX=a RCPTMAX=99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		e := ParseExtensions(lines)
		if len(e) > len(lines) || e.MaxSize() < 0 {
			t.Errorf("%q offers %v, %d", text, e, e.MaxSize())
		}
		for keyword := range e {
			if keyword == "" || strings.ContainsAny(string(keyword), " =") || !e.Has(keyword) {
				t.Errorf("%q offers %q", text, keyword)
			}
		}
		for _, mechanism := range e.AuthMechanisms() {
			if mechanism == "" || mechanism != strings.ToUpper(mechanism) {
				t.Errorf("%q offers to log in by %q", text, mechanism)
			}
		}
	})
}
