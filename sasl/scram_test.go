package sasl

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keyring is a directory of one user, and remembers who came.
type keyring struct {
	user             string
	keys             SCRAMCredentials
	authzid, authcid string
}

func newKeyring(t testing.TB, user, password string) *keyring {
	t.Helper()
	keys, err := DeriveSCRAM(password, []byte("0123456789abcdef"), MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	return &keyring{user: user, keys: keys}
}

func (k *keyring) options(bindings ...ChannelBinding) SCRAMOptions {
	return SCRAMOptions{
		Lookup:         k.lookup,
		Authorize:      k.authorize,
		FakeKey:        []byte("a secret of the server"),
		FakeIterations: MinIterations,
		Bindings:       bindings,
	}
}

func (k *keyring) lookup(_ context.Context, user string) (SCRAMCredentials, error) {
	switch user {
	case k.user:
		return k.keys, nil
	case "broken":
		return SCRAMCredentials{}, errOutage
	}
	return SCRAMCredentials{}, ErrCredentials
}

func (k *keyring) authorize(_ context.Context, authzid, authcid string) error {
	if authzid == "other" {
		return ErrAuthorization
	}
	k.authzid, k.authcid = authzid, authcid
	return nil
}

// converse runs an exchange between both sides to its end.
func converse(ctx context.Context, client Client, server Server) error {
	_, response, err := client.Start()
	for err == nil {
		var challenge []byte
		var done bool
		if challenge, done, err = server.Next(ctx, response); err != nil {
			return err
		}
		if done && challenge == nil {
			break
		}
		if response, err = client.Next(challenge); done || err != nil {
			break
		}
	}
	return errors.Join(err, Finish(client))
}

// The exchange of RFC 7677 §3, to the letter.
func TestSCRAMVector(t *testing.T) {
	t.Parallel()
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := DeriveSCRAM("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	ring := &keyring{user: "user", keys: keys}
	server := NewSCRAM(ring.options()).(*scramServer)
	server.nonce = func() string { return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" }
	client := NewSCRAMClient("", "user", "pencil").(*scramClient)
	client.nonce = func() string { return "rOprNGfwEbeRWgbNEkqO" }

	name, first, err := client.Start()
	check(t, err, name, SCRAMSHA256)
	check(t, nil, string(first), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
	challenge, _, err := server.Next(t.Context(), first)
	check(t, err, string(challenge), "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"+
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
	final, err := client.Next(challenge)
	check(t, err, string(final), "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"+
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
	if Finish(client) == nil {
		t.Error("the client trusts a server that has proven nothing")
	}
	proof, done, err := server.Next(t.Context(), final)
	check(t, err, string(proof), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
	if !done || ring.authcid != "user" {
		t.Errorf("done %v, identity %q", done, ring.authcid)
	}
	last, err := client.Next(proof)
	check(t, err, string(last), "")
	if err := Finish(client); err != nil {
		t.Error(err)
	}
}

func check(t *testing.T, err error, got, want string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestConverse(t *testing.T) {
	t.Parallel()
	scram := func(authzid, user, password string) Client { return NewSCRAMClient(authzid, user, password) }
	tests := []struct {
		name           string
		client         Client
		want           error
		identity, zone string
	}{
		{"fits", scram("", "tim", "pass"), nil, "tim", ""},
		{"for another", scram("mary", "tim", "pass"), nil, "tim", "mary"},
		{"forbidden", scram("other", "tim", "pass"), ErrAuthorization, "", ""},
		{"wrong password", scram("", "tim", "Pass"), ErrCredentials, "", ""},
		{"unknown", scram("", "tom", "pass"), ErrCredentials, "", ""},
		{"outage", scram("", "broken", "pass"), errOutage, "", ""},
		{"escapes", scram("a=,b", "tim", "pass"), nil, "tim", "a=,b"},
		{"prepared", scram("", "t\u00adim", "\u00ad\u00aass"), ErrCredentials, "", ""},
		{"prepared too", scram("", "t\u00adim", "p\u00adass"), nil, "tim", ""},
		{"plus without TLS", NewSCRAMPlusClient("", "tim", "pass",
			ChannelBinding{"tls-exporter", []byte("x")}), ErrMalformed, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ring := newKeyring(t, "tim", "pass")
			err := converse(t.Context(), test.client, NewSCRAM(ring.options()))
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if ring.authcid != test.identity || ring.authzid != test.zone {
				t.Errorf("identity %q, %q", ring.authcid, ring.authzid)
			}
		})
	}
}

func TestConversePasswords(t *testing.T) {
	t.Parallel()
	var who account
	pairs := map[string]struct {
		client Client
		server Server
	}{
		Plain: {NewPlainClient("tim", "tim", "tanstaaftanstaaf"), NewPlain(who.verify)},
		Login: {NewLoginClient("tim", "tanstaaftanstaaf"), NewLogin(who.verify)},
	}
	for name, pair := range pairs {
		if err := converse(t.Context(), pair.client, pair.server); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nobody may learn from the challenges who exists.
func TestSCRAMUnknownUserLooksKnown(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "tim", "pass")
	challenge := func(user string) []string {
		server := NewSCRAM(ring.options()).(*scramServer)
		server.nonce = func() string { return "server" }
		got, done, err := server.Next(t.Context(), []byte("n,,n="+user+",r=client"))
		if done || err != nil {
			t.Fatalf("%s: %v, %v", user, done, err)
		}
		return strings.Split(string(got), ",")
	}
	known, unknown, other := challenge("tim"), challenge("tom"), challenge("tam")
	if cmp.Equal(unknown, other) {
		t.Error("two unknown users have the same salt")
	}
	if diff := cmp.Diff(unknown, challenge("tom")); diff != "" {
		t.Errorf("an unknown user changes: %s", diff)
	}
	if len(known[1]) != len(unknown[1]) || known[2] != unknown[2] {
		t.Errorf("%v is unlike %v", unknown, known)
	}
}

func TestSCRAMServerRefuses(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "tim", "pass")
	first := []string{
		"", "n", "n,,", "n,,n=tim", "n,,n=,r=x", "n,,n=t=im,r=x", "n,a,n=tim,r=x", "x,,n=tim,r=x",
		"p=tls-exporter,,n=tim,r=x", "n,,m=x,n=tim,r=x", "n,,n=t\x00m,r=x", "n,,n=t\xffm,r=x",
		"n,,n=tim,r=" + strings.Repeat("x", MaxMessage),
	}
	for _, message := range first {
		server := NewSCRAM(ring.options())
		if _, done, err := server.Next(t.Context(), []byte(message)); done || !errors.Is(err, ErrMalformed) {
			t.Errorf("first %.30q: %v, %v", message, done, err)
		}
		if _, _, err := server.Next(t.Context(), []byte("n,,n=tim,r=x")); err == nil {
			t.Errorf("first %.30q: a second try is taken", message)
		}
	}
	final := []string{"", "c=biws", "c=biws,r=xy", "c=biws,r=xy,p=!", "c=biws,r=xz,p=AAAA", "c=biws,r=xy,p=AAAA"}
	for _, message := range final {
		server := NewSCRAM(ring.options()).(*scramServer)
		server.nonce = func() string { return "y" }
		if _, _, err := server.Next(t.Context(), []byte("n,,n=tim,r=x")); err != nil {
			t.Fatal(err)
		}
		if _, done, err := server.Next(t.Context(), []byte(message)); done || !errors.Is(err, ErrMalformed) {
			t.Errorf("final %q: %v, %v", message, done, err)
		}
	}
}

func TestSCRAMClientRefuses(t *testing.T) {
	t.Parallel()
	start := func() *scramClient {
		client := NewSCRAMClient("", "tim", "pass").(*scramClient)
		client.nonce = func() string { return "x" }
		if _, _, err := client.Start(); err != nil {
			t.Fatal(err)
		}
		return client
	}
	for _, challenge := range []string{
		"", "r=xy", "r=y,s=AAAA,i=4096", "r=xy,s=AAAA,i=4095", "r=xy,s=AAAA,i=2000001", "r=xy,s=AAAA,i=x",
		"r=xy,s=!,i=4096", "m=z,r=xy,s=AAAA,i=4096", "r=xy,s=AAAA,i=4096" + strings.Repeat(",", MaxMessage),
	} {
		if _, err := start().Next([]byte(challenge)); err == nil {
			t.Errorf("first %.40q is taken", challenge)
		}
	}
	for _, challenge := range []string{"", "v=AAAA", "e=other-error", "v=!"} {
		client := start()
		if _, err := client.Next([]byte("r=xy,s=AAAA,i=4096")); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Next([]byte(challenge)); err == nil {
			t.Errorf("final %q is taken", challenge)
		}
		if !errors.Is(Finish(client), ErrUnproven) {
			t.Errorf("final %q: the server counts as proven", challenge)
		}
	}
}

func TestDeriveSCRAMBounds(t *testing.T) {
	t.Parallel()
	salt := []byte("salt")
	for name, derive := range map[string]func() (SCRAMCredentials, error){
		"few iterations":  func() (SCRAMCredentials, error) { return DeriveSCRAM("x", salt, MinIterations-1) },
		"many iterations": func() (SCRAMCredentials, error) { return DeriveSCRAM("x", salt, MaxIterations+1) },
		"no salt":         func() (SCRAMCredentials, error) { return DeriveSCRAM("x", nil, MinIterations) },
		"no password":     func() (SCRAMCredentials, error) { return DeriveSCRAM("", salt, MinIterations) },
	} {
		if _, err := derive(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSCRAMOptionsAreRequired(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "tim", "pass")
	short := ring.options()
	short.FakeKey = short.FakeKey[:15]
	for name, build := range map[string]func(){
		"nothing":    func() { NewSCRAM(SCRAMOptions{}) },
		"short key":  func() { NewSCRAM(short) },
		"no binding": func() { NewSCRAMPlus(ring.options()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}

func FuzzServers(f *testing.F) {
	ring := newKeyring(f, "tim", "pass")
	var who account
	f.Add([]byte("n,,n=tim,r=abc"), []byte("c=biws,r=abcnonce,p=AAAA"))
	f.Add([]byte("y,a=x,n=tim,r=abc,ext"), []byte("c=biws,r=abcnonce,x=y,p=AAAA"))
	f.Add([]byte("p=tls-exporter,,n=tim,r=a"), []byte("e=x"))
	f.Add([]byte("\x00tim\x00tanstaaftanstaaf"), []byte("tim"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		binding := ChannelBinding{"tls-exporter", []byte("x")}
		for _, server := range []Server{
			NewSCRAM(ring.options()), NewSCRAMPlus(ring.options(binding)),
			NewPlain(who.verify), NewLogin(who.verify),
		} {
			_, done, err := server.Next(t.Context(), first)
			if !done && err == nil {
				_, done, err = server.Next(t.Context(), second)
			}
			plain := bytes.HasSuffix(first, []byte("tim\x00tanstaaftanstaaf"))
			if done && err == nil && !plain && string(second) != "tanstaaftanstaaf" {
				t.Fatalf("%T let %q, %q in", server, first, second)
			}
		}
	})
}

func FuzzSCRAMClient(f *testing.F) {
	f.Add([]byte("r=xy,s=AAAA,i=4096"), []byte("v=AAAA"))
	f.Add([]byte("r=xy,s=AAAA,i=99999999999"), []byte("e=no-resources"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		client := NewSCRAMClient("", "tim", "pass").(*scramClient)
		client.nonce = func() string { return "x" }
		client.Start()
		if bytes.Contains(first, []byte("i=4096")) || !bytes.Contains(first, []byte("i=")) {
			client.Next(first)
		}
		client.Next(second)
		if Finish(client) == nil {
			t.Fatalf("%q, %q proved the server", first, second)
		}
	})
}
