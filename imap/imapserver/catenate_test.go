package imapserver_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/wiretest"
)

// A catenating backend has sessions that know one URL.
type catenating struct{ imapserver.Backend }

func (b catenating) NewSession(ctx context.Context, info *imapserver.ConnInfo) (imapserver.Session, error) {
	s, err := b.Backend.NewSession(ctx, info)
	return catenatingSession{s}, err
}

type catenatingSession struct{ imapserver.Session }

func (catenatingSession) OpenURL(_ context.Context, u imap.URL) (io.ReadCloser, error) {
	if u.UID != 1 {
		return nil, imap.No(imap.CodeNonExistent, "No such message")
	}
	return io.NopCloser(strings.NewReader("text of a URL")), nil
}

// FuzzCatenate sends anything as the parts of a message: the server answers, and
// goes on or ends the connection, and no message is stored that was not whole.
func FuzzCatenate(f *testing.F) {
	for _, parts := range []string{
		"TEXT {3+}\r\na:b URL \"/INBOX/;UID=1\")", "URL \"/x/;UID=2\")", "TEXT ~{2+}\r\n\x00\x01) {3+}\r\nabc", "UTF8 (~{1+}\r\nx))", "TEXT {0+}\r\n)", ")",
	} {
		f.Add([]byte(parts))
	}
	f.Fuzz(func(t *testing.T, parts []byte) {
		var log bytes.Buffer
		s := newServer(t, func(o *imapserver.Options) {
			o.Backend = catenating{o.Backend}
			o.Features = imapserver.FeatureCatenate
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
		})
		near, far := wiretest.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ServeConn(t.Context(), far)
		}()
		near.Write([]byte("a LOGIN alice secret\r\nb APPEND INBOX CATENATE (" + string(parts) + "\r\nc NOOP\r\n"))
		near.CloseWrite()
		answer, err := io.ReadAll(near)
		<-done
		near.Close()
		if err != nil || log.Len() > 0 {
			t.Fatalf("%q: %v, log %s", answer, err, &log)
		}
		if bytes.Contains(answer, []byte("\r\nb OK")) && !bytes.ContainsAny(parts, ")") {
			t.Fatalf("stored without an end: %q", answer)
		}
	})
}
