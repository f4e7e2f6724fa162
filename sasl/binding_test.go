package sasl_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/wiretest"
)

// handshake returns the two sides of a TLS connection's state.
func handshake(t *testing.T) (client, server tls.ConnectionState) {
	t.Helper()
	serverConfig, clientConfig := wiretest.TLS(t)
	c, s := wiretest.Pipe()
	cc, sc := tls.Client(c, clientConfig), tls.Server(s, serverConfig)
	done := make(chan error, 1)
	go func() { done <- sc.Handshake() }()
	if err := errors.Join(cc.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	return cc.ConnectionState(), sc.ConnectionState()
}

func exporter(t *testing.T, state tls.ConnectionState) sasl.ChannelBinding {
	t.Helper()
	b, err := sasl.TLSExporter(state)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTLSBindings(t *testing.T) {
	t.Parallel()
	client, server := handshake(t)
	if diff := cmp.Diff(exporter(t, client), exporter(t, server)); diff != "" {
		t.Error("the two sides differ", diff)
	}
	stranger, _ := handshake(t)
	if cmp.Equal(exporter(t, client), exporter(t, stranger)) {
		t.Error("two connections have the same binding")
	}
	b, err := sasl.TLSServerEndPoint(client.PeerCertificates[0])
	if err != nil || b.Type != "tls-server-end-point" || len(b.Data) != 32 {
		t.Errorf("got %+v, %v", b, err)
	}
}

func options(bindings ...sasl.ChannelBinding) (sasl.SCRAMOptions, error) {
	keys, err := sasl.DeriveSCRAM("pass", []byte("0123456789abcdef"), sasl.MinIterations)
	return sasl.SCRAMOptions{
		Lookup:    func(context.Context, string) (sasl.SCRAMCredentials, error) { return keys, nil },
		Authorize: func(context.Context, string, string) error { return nil },
		FakeKey:   make([]byte, 16),
		Bindings:  bindings,
	}, err
}

func exchange(ctx context.Context, client sasl.Client, server sasl.Server) error {
	_, response, err := client.Start()
	if err != nil {
		return err
	}
	for {
		challenge, done, err := server.Next(ctx, response)
		if err != nil {
			return err
		}
		if response, err = client.Next(challenge); err != nil {
			return err
		}
		if done {
			return sasl.Finish(client)
		}
	}
}

func TestSCRAMPlus(t *testing.T) {
	t.Parallel()
	client, server := handshake(t)
	stranger, _ := handshake(t)
	endPoint, err := sasl.TLSServerEndPoint(client.PeerCertificates[0])
	if err != nil {
		t.Fatal(err)
	}
	ours := exporter(t, server)
	tests := []struct {
		name   string
		theirs sasl.ChannelBinding
		want   error
	}{
		{"same connection", exporter(t, client), nil},
		{"second type", endPoint, nil},
		{"other connection", exporter(t, stranger), sasl.ErrCredentials},
		{"unknown type", sasl.ChannelBinding{Type: "tls-unique", Data: []byte("x")}, sasl.ErrMalformed},
		{"no binding", sasl.ChannelBinding{}, sasl.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o, err := options(ours, endPoint)
			if err != nil {
				t.Fatal(err)
			}
			c := sasl.NewSCRAMPlusClient("", "tim", "pass", test.theirs)
			if err := exchange(t.Context(), c, sasl.NewSCRAMPlus(o)); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// RFC 5802 §6: a client that could bind, but believes that the server cannot,
// has been deceived if the server did announce it.
func TestSCRAMDowngradeIsNoticed(t *testing.T) {
	t.Parallel()
	_, server := handshake(t)
	o, err := options(exporter(t, server))
	if err != nil {
		t.Fatal(err)
	}
	for message, want := range map[string]error{"y,,n=tim,r=x": sasl.ErrMalformed, "n,,n=tim,r=x": nil} {
		_, _, err := sasl.NewSCRAM(o).Next(t.Context(), []byte(message))
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", message, err, want)
		}
	}
	o.Bindings = nil
	if _, _, err := sasl.NewSCRAM(o).Next(t.Context(), []byte("y,,n=tim,r=x")); err != nil {
		t.Errorf("y where nothing was announced: %v", err)
	}
}
