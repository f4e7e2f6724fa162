package sasl

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// account is a PasswordVerifier with one account, and remembers who came.
type account struct {
	authzid, authcid string
}

func (a *account) verify(_ context.Context, authzid, authcid, password string) error {
	switch {
	case authcid == "broken":
		return errOutage
	case authcid != "tim" || password != "tanstaaftanstaaf":
		return ErrCredentials
	case authzid != "" && authzid != "tim":
		return ErrAuthorization
	}
	a.authzid, a.authcid = authzid, authcid
	return nil
}

var errOutage = errors.New("the directory is down")

func TestPlain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, message string
		want          error
	}{
		// The examples of RFC 4616 §4.
		{"without authzid", "\x00tim\x00tanstaaftanstaaf", nil},
		{"for another", "Ursel\x00tim\x00tanstaaftanstaaf", ErrAuthorization},
		{"for oneself", "tim\x00tim\x00tanstaaftanstaaf", nil},
		{"wrong password", "\x00tim\x00x", ErrCredentials},
		{"unknown", "\x00tom\x00tanstaaftanstaaf", ErrCredentials},
		{"outage", "\x00broken\x00x", errOutage},
		{"empty", "", ErrMalformed},
		{"no NUL", "tim", ErrMalformed},
		{"one NUL", "tim\x00x", ErrMalformed},
		{"three NULs", "\x00tim\x00tanstaaf\x00tanstaaf", ErrMalformed},
		{"no authcid", "tim\x00\x00tanstaaftanstaaf", ErrMalformed},
		{"no password", "\x00tim\x00", ErrMalformed},
		{"not UTF-8", "\x00t\xffm\x00x", ErrMalformed},
		{"line end", "\x00tim\x00x\r\ny", ErrMalformed},
		{"too long", "\x00tim\x00" + strings.Repeat("x", MaxMessage), ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var who account
			challenge, done, err := NewPlain(who.verify).Next(t.Context(), []byte(test.message))
			if !errors.Is(err, test.want) || done != (test.want == nil) || challenge != nil {
				t.Errorf("got %q, %v, %v", challenge, done, err)
			}
			if (who.authcid == "tim") != (test.want == nil) {
				t.Errorf("identity %+v", who)
			}
		})
	}
}

func TestPlainWithoutInitialResponse(t *testing.T) {
	t.Parallel()
	var who account
	server := NewPlain(who.verify)
	challenge, done, err := server.Next(t.Context(), nil)
	if challenge == nil || len(challenge) != 0 || done || err != nil {
		t.Fatalf("got %q, %v, %v", challenge, done, err)
	}
	if _, done, err = server.Next(t.Context(), []byte("\x00tim\x00tanstaaftanstaaf")); !done || err != nil {
		t.Fatalf("got %v, %v", done, err)
	}
	if _, done, err = server.Next(t.Context(), []byte("\x00tim\x00tanstaaftanstaaf")); done || err == nil {
		t.Error("the exchange goes on after its end")
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		initial   bool
		responses []string
		want      error
	}{
		{"asked", false, []string{"tim", "tanstaaftanstaaf"}, nil},
		{"initial response", true, []string{"tim", "tanstaaftanstaaf"}, nil},
		{"wrong", false, []string{"tim", "x"}, ErrCredentials},
		{"outage", false, []string{"broken", "x"}, errOutage},
		{"empty user", false, []string{""}, ErrMalformed},
		{"empty initial user", true, []string{""}, ErrMalformed},
		{"empty password", false, []string{"tim", ""}, ErrMalformed},
		{"NUL", false, []string{"t\x00m"}, ErrMalformed},
		{"too long", false, []string{strings.Repeat("x", MaxMessage+1)}, ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var who account
			server := NewLogin(who.verify)
			if !test.initial {
				if challenge, _, err := server.Next(t.Context(), nil); string(challenge) != "Username:" || err != nil {
					t.Fatalf("got %q, %v", challenge, err)
				}
			}
			var done bool
			var err error
			for _, response := range test.responses {
				_, done, err = server.Next(t.Context(), []byte(response))
			}
			if done != (test.want == nil) || !errors.Is(err, test.want) {
				t.Errorf("got %v, %v", done, err)
			}
			if _, done, _ := server.Next(t.Context(), []byte("tim")); done {
				t.Error("the exchange goes on after its end")
			}
		})
	}
}

func TestPasswordClientsRefuse(t *testing.T) {
	t.Parallel()
	clients := map[string]Client{
		"NUL":             NewPlainClient("", "t\x00m", "x"),
		"empty user":      NewPlainClient("", "", "x"),
		"login NUL":       NewLoginClient("t\x00m", "x"),
		"login empty":     NewLoginClient("tim", ""),
		"scram no user":   NewSCRAMClient("", "", "x"),
		"scram not UTF-8": NewSCRAMClient("", "\xff", "x"),
	}
	for name, client := range clients {
		if _, _, err := client.Start(); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	if _, err := NewPlainClient("", "tim", "x").Next(nil); !errors.Is(err, ErrUnexpected) {
		t.Errorf("PLAIN answers a challenge: %v", err)
	}
	login := NewLoginClient("tim", "x")
	login.Next([]byte("User Name"))
	login.Next([]byte("Password"))
	if _, err := login.Next(nil); !errors.Is(err, ErrUnexpected) {
		t.Errorf("LOGIN answers a third challenge: %v", err)
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	// The examples of RFC 4013 §3, and what it refuses.
	tests := map[string]string{
		"I\u00adX": "IX", "user": "user", "USER": "USER", "\u00aa": "a", "\u2168": "IX",
		"\u0007": "\u0007", "a\u00a0b": "a b", "\U0001f600": "\U0001f600", "": "",
	}
	for in, want := range tests {
		if got := Prepare(in); got != want {
			t.Errorf("Prepare(%q) = %q, want %q", in, got, want)
		}
	}
}
