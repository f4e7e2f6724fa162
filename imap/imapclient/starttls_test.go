package imapclient_test

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/wiretest"
)

// TestInjectedResponses has somebody in between answer for the server before
// TLS begins (RFC 9051 §11.3): behind the reply to STARTTLS, which ends the
// attempt, and before it, which counts for nothing after the handshake.
func TestInjectedResponses(t *testing.T) {
	t.Parallel()
	for name, injected := range map[string]string{
		"a response": "* CAPABILITY IMAP4rev1 AUTH=PLAIN X-INJECTED\r\n", "a tagged one": "a2 OK done\r\n", "half a line": "*", "garbage": "\x16\x03\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := wiretest.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer far.Close()
				fmt.Fprint(far, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n")
				line, _ := bufio.NewReader(far).ReadString('\n')
				tag, _, _ := strings.Cut(line, " ")
				fmt.Fprintf(far, "%s OK begin\r\n%s", tag, injected)
				io.Copy(io.Discard, far)
			}()
			c, err := imapclient.New(t.Context(), near, imapclient.Options{})
			check(t, err)
			_, config := wiretest.TLS(t)
			if err := c.StartTLS(t.Context(), config); err == nil || !strings.Contains(err.Error(), "in the clear") {
				t.Errorf("StartTLS ends with %v", err)
			}
			c.Close()
			<-done
		})
	}
}
