package pop3server_test

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick are limits that a test can wait for.
var quick = pop3server.Limits{AuthDelay: time.Nanosecond, AuthFailures: 3, BadCommands: 8}

// serveOne returns a function for wiretest that serves each connection with a
// house of its own and checks that nothing is left open.
func serveOne(t *testing.T, options pop3server.Options) func(context.Context, net.Conn) {
	return func(ctx context.Context, conn net.Conn) {
		h := newHouse()
		options := options
		options.Backend = h
		options.Limits = quick
		pop3server.New(options).ServeConn(ctx, conn)
		if sessions, drops := h.open(); sessions != 0 || drops != 0 {
			t.Errorf("%d sessions and %d maildrops are left open", sessions, drops)
		}
	}
}

func TestDialogues(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, "testdata/insecure/*.txt", serveOne(t, pop3server.Options{
		Name: "mail.example", InsecureAuth: true, Language: "de",
		Translations: map[string]map[string]string{"de": {"Message needs UTF-8 mode": "Nachricht braucht den UTF-8-Modus"}},
	}))
}

func TestSecureDialogues(t *testing.T) {
	t.Parallel()
	config, _ := wiretest.TLS(t)
	wiretest.Run(t, "testdata/secure/*.txt", serveOne(t, pop3server.Options{
		Name: "mail.example", TLSConfig: config, Implementation: "Mailstead",
	}))
}
