package imapsession_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/wiretest"
)

const ann = "ann@example.test"

func start(t *testing.T) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test", Quota: 200}},
		Config: func(c *config.Config) {
			c.Limits.MessageSize = 1 << 16
			c.Metadata.Comment, c.Metadata.Admin = "Shared comment", "mailto:postmaster@example.test"
			c.Metadata.Entries, c.Metadata.Size = 10, 2200
		},
	})
}

// TestDialogues plays each file against a server of its own.
func TestDialogues(t *testing.T) {
	wiretest.Run(t, "testdata/*.txt", func(_ context.Context, conn net.Conn) { speak(t, start(t), conn) })
}

// speak connects a dialogue to a server.
func speak(t *testing.T, s *mailtest.Server, conn net.Conn) {
	server, err := net.Dial("tcp", s.Addr("imap"))
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(server, conn)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(conn, server)
	conn.Close()
	<-done
}
