package pop3client_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/pop3/pop3client"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a Backend, its Session and its Maildrop in one, for one connection.
// The user is alice with the password "secret".
type store struct {
	messages []string
	tls      *tls.ConnectionState
	removed  []int
	plus     bool
}

func newStore() *store {
	s := &store{}
	for n := 1; n <= 100; n++ {
		s.messages = append(s.messages, fmt.Sprintf("Subject: %d\r\n\r\n.%s\r\n", n, strings.Repeat("x", n)))
	}
	return s
}

func (s *store) NewSession(_ context.Context, conn pop3server.ConnInfo) (pop3server.Session, error) {
	s.tls = conn.TLS
	return s, nil
}

func (s *store) AuthMechanisms() []string {
	return []string{sasl.SCRAMSHA256Plus, sasl.SCRAMSHA256, sasl.Plain, sasl.Login}
}

func (s *store) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	verify := func(ctx context.Context, _, user, password string) error { return s.Login(ctx, user, password) }
	options := sasl.SCRAMOptions{
		Lookup:    lookup,
		Authorize: func(context.Context, string, string) error { return nil },
		FakeKey:   make([]byte, 16),
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlain(verify), nil
	case sasl.Login:
		return sasl.NewLogin(verify), nil
	case sasl.SCRAMSHA256:
		return sasl.NewSCRAM(options), nil
	}
	binding, err := sasl.TLSExporter(*s.tls)
	if err != nil {
		return nil, err
	}
	s.plus = true
	options.Bindings = []sasl.ChannelBinding{binding}
	return sasl.NewSCRAMPlus(options), nil
}

func lookup(_ context.Context, user string) (sasl.SCRAMCredentials, error) {
	if user != "alice" {
		return sasl.SCRAMCredentials{}, sasl.ErrCredentials
	}
	return sasl.DeriveSCRAM("secret", []byte("salt"), sasl.MinIterations)
}

func (s *store) Login(_ context.Context, user, password string) error {
	if user != "alice" || password != "secret" {
		return sasl.ErrCredentials
	}
	return nil
}

func (s *store) OpenMaildrop(context.Context) (pop3server.Maildrop, error) { return s, nil }
func (s *store) Len() int                                                  { return len(s.messages) }
func (s *store) Size(n int) int64                                          { return int64(len(s.messages[n-1])) }
func (s *store) AppendUID(dst []byte, n int) []byte                        { return fmt.Appendf(dst, "uid%d", n) }
func (s *store) Close() error                                              { return nil }
func (s *store) Pause()                                                    {}
func (s *store) Policy(context.Context) (pop3server.Policy, error) {
	return pop3server.Policy{Expire: pop3server.ExpireNever}, nil
}

func (s *store) Open(_ context.Context, n int, _ pop3server.Form) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(s.messages[n-1])), nil
}

func (s *store) Commit(_ context.Context, changes pop3server.Changes) error {
	s.removed = slices.Clone(changes.Deleted)
	return nil
}

// connect serves s to a client, until the test ends.
func connect(t testing.TB, s *store, server pop3server.Options, options pop3client.Options) *pop3client.Client {
	t.Helper()
	server.Backend = s
	server.Limits.AuthDelay = 1
	near, far := wiretest.Pipe()
	client := open(t, near, options, func() { pop3server.New(server).ServeConn(t.Context(), far) })
	return client
}

// open makes a client of conn while serve runs at the other end.
func open(t testing.TB, conn net.Conn, options pop3client.Options, serve func()) *pop3client.Client {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve()
	}()
	client, err := pop3client.New(t.Context(), conn, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return client
}
