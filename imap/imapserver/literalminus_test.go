package imapserver_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/wiretest"
)

// TestLiteralMinus has a server that offers LITERAL- (RFC 7888 §5).
func TestLiteralMinus(t *testing.T) {
	wiretest.Run(t, "testdata/literalminus/*.txt", func(ctx context.Context, conn net.Conn) {
		newServer(t, func(o *imapserver.Options) {
			o.LiteralMinus = true
			o.AppendLimit, o.MaxLiteral, o.MaxLine = 20_000, 20_000, 20_000
		}).ServeConn(ctx, conn)
	})
}

// TestSwitches has a server that offers less to some clients.
func TestSwitches(t *testing.T) {
	wiretest.Run(t, "testdata/switches/*.txt", func(ctx context.Context, conn net.Conn) {
		newServer(t, func(o *imapserver.Options) {
			o.Without = func(c imapserver.Client) []string {
				without := []string{"UNSELECT"}
				if strings.HasPrefix(c.Value("name"), "Old") {
					without = append(without, "idle", "OBJECTID", "COMPRESS=DEFLATE", "CONDSTORE", "LITERAL+", "SASL-IR", "AUTH=PLAIN")
				}
				return without
			}
		}).ServeConn(ctx, conn)
	})
}
