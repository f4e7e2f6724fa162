package imapserver_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/wiretest"
)

// forgetful is a session that can never tell what has happened.
type forgetful struct{ imapserver.Session }

func (forgetful) Listen(context.Context, *imapserver.EventWriter, *imap.NotifyOptions) error {
	return nil
}
func (forgetful) PollEvents(context.Context, *imapserver.EventWriter) error {
	return imapserver.ErrOverflow
}
func (forgetful) Mark(ctx context.Context) context.Context { return ctx }

type forgetfulBackend struct{ imapserver.Backend }

func (b forgetfulBackend) NewSession(ctx context.Context, info *imapserver.ConnInfo) (imapserver.Session, error) {
	s, err := b.Backend.NewSession(ctx, info)
	return forgetful{s}, err
}

// TestNotificationOverflow (RFC 5465 §5.8).
func TestNotificationOverflow(t *testing.T) {
	t.Parallel()
	server := newServer(t, func(o *imapserver.Options) {
		o.Backend = forgetfulBackend{o.Backend}
		o.Features |= imapserver.FeatureNotify
	})
	near, far := wiretest.Pipe()
	go func() {
		io.WriteString(near, "a LOGIN alice secret\r\nb NOTIFY SET (personal (MailboxName))\r\n")
		near.CloseWrite()
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ServeConn(context.Background(), far)
	}()
	out, _ := io.ReadAll(near)
	<-done
	near.Close()
	if !strings.Contains(string(out), "* OK [NOTIFICATIONOVERFLOW] ") || !strings.Contains(string(out), "b OK ") {
		t.Errorf("the client hears %q", out)
	}
}
