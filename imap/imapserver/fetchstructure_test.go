package imapserver

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

// bodyStructure returns the BODYSTRUCTURE of a message.
func bodyStructure(t *testing.T, text string, utf8 bool) string {
	t.Helper()
	scanner := message.NewScanner(message.Limits{})
	io.WriteString(scanner, strings.ReplaceAll(text, "\n", "\r\n"))
	var out bytes.Buffer
	w := imapwire.NewWriter(&out)
	w.Attach(make([]byte, 1000))
	w.UTF8 = utf8
	writeBody(w, scanner.Finish().Root, true)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestUnusualStructures has what no client may stumble over.
func TestUnusualStructures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		utf8 bool
		want string
	}{
		"an embedded message that cannot be opened": {
			text: "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==\n",
			want: `("message" "rfc822" NIL NIL NIL "base64" 6 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)` +
				` ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL) 1 NIL NIL NIL NIL)`,
		},
		"a multipart without a boundary": {
			text: "Content-Type: multipart/mixed\n\nx\n",
			want: `(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)`,
		},
		"raw UTF-8 in IMAP4rev1": {
			text: "Content-Type: a/b; x=\"ü\"\n\n",
			want: "(\"a\" \"b\" (\"x\" {2}\r\nü) NIL NIL \"7bit\" 0 NIL NIL NIL NIL)",
		},
		"raw UTF-8 in IMAP4rev2": {
			text: "Content-Type: a/b; x=\"ü\"\n\n",
			utf8: true,
			want: `("a" "b" ("x" "ü") NIL NIL "7bit" 0 NIL NIL NIL NIL)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := bodyStructure(t, test.text, test.utf8); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
