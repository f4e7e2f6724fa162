package login_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/limit"
	"github.com/mailstead/mailstead/sasl"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	gone = "gone@example.test"
)

var remote = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1}

// A gate is a login service with what it reports.
type gate struct {
	*login.Service
	results []string
	log     bytes.Buffer
}

func newGate(t *testing.T, failures *limit.Failures) *gate {
	m := mailtest.NewModels(t, []mailtest.Account{
		{Address: ann, Others: []string{"anna@example.test"}}, {Address: bob}, {Address: gone, Disabled: true},
	})
	g := &gate{}
	g.Service = login.New(login.Options{
		Directory: m.Directory, Failures: failures,
		Logger: slog.New(slog.NewTextHandler(&g.log, nil)),
		Result: func(s string) { g.results = append(g.results, s) },
	})
	return g
}

func (g *gate) begin() *login.Exchange {
	return g.Begin(remote, &tls.ConnectionState{}, nil)
}

// run plays a client against an exchange.
func run(t *testing.T, e *login.Exchange, mechanism string, client sasl.Client) error {
	t.Helper()
	server, err := e.Server(mechanism)
	if err != nil {
		t.Fatal(err)
	}
	return play(t.Context(), server, client)
}

func play(ctx context.Context, server sasl.Server, client sasl.Client) error {
	_, response, err := client.Start()
	if err != nil {
		return err
	}
	for {
		challenge, done, err := server.Next(ctx, response)
		if err != nil {
			return err
		}
		if done && challenge == nil {
			return sasl.Finish(client)
		}
		if response, err = client.Next(challenge); err != nil {
			return err
		}
		if done {
			return sasl.Finish(client)
		}
	}
}

// clients make the client's side of each mechanism.
var clients = map[string]func(authzid, user, password string) sasl.Client{
	sasl.Plain:       sasl.NewPlainClient,
	sasl.SCRAMSHA256: sasl.NewSCRAMClient,
	sasl.Login: func(_, user, password string) sasl.Client {
		return sasl.NewLoginClient(user, password)
	},
}

func TestMechanisms(t *testing.T) {
	t.Parallel()
	const right, wrong = mailtest.Password, "wrong"
	for _, c := range []struct {
		name, authzid, user, password string
		want                          error
		not                           string // a mechanism that cannot say this
	}{
		{"right", "", ann, right, nil, ""},
		{"other address", "", "anna@example.test", right, nil, ""},
		{"other case", "", "ANN@Example.Test", right, nil, ""},
		{"as itself", ann, ann, right, nil, sasl.Login},
		{"as itself by another address", ann, "anna@example.test", right, nil, sasl.Login},
		{"as someone else", bob, ann, right, sasl.ErrAuthorization, sasl.Login},
		{"wrong", "", ann, wrong, sasl.ErrCredentials, ""},
		{"unknown", "", "nobody@example.test", right, sasl.ErrCredentials, ""},
		{"no address", "", "ann", right, sasl.ErrCredentials, ""},
		{"disabled", "", gone, right, sasl.ErrDisabled, ""},
		{"disabled and wrong", "", gone, wrong, sasl.ErrCredentials, ""},
	} {
		for mechanism, client := range clients {
			if mechanism == c.not {
				continue
			}
			t.Run(c.name+" "+mechanism, func(t *testing.T) {
				t.Parallel()
				g := newGate(t, nil)
				e := g.begin()
				err := run(t, e, mechanism, client(c.authzid, c.user, c.password))
				if !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
				account, known := e.Account()
				if known != (c.want == nil) || known && account.Address.String() != ann {
					t.Errorf("afterwards the client is %v, %t", account.Address, known)
				}
				if strings.Contains(g.log.String(), c.password) {
					t.Error("the password is in the log")
				}
			})
		}
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	e := g.begin()
	if err := e.Password(t.Context(), ann, "wrong"); !errors.Is(err, sasl.ErrCredentials) {
		t.Fatal(err)
	}
	if err := e.Password(t.Context(), ann, mailtest.Password); err != nil {
		t.Fatal(err)
	}
	if want := []string{"refused", "ok"}; !slices.Equal(g.results, want) {
		t.Errorf("results %q, want %q", g.results, want)
	}
	if _, err := e.Server("CRAM-MD5"); err == nil {
		t.Error("an exchange by a mechanism that does not exist")
	}
}

func options(network, account int) limit.FailureOptions {
	o := limit.DefaultFailureOptions()
	o.Network.Burst, o.Account.Burst = network, account
	return o
}

// TestNetworkIsRefused lets one address guess until it is not listened to.
func TestNetworkIsRefused(t *testing.T) {
	t.Parallel()
	for mechanism, client := range clients {
		g := newGate(t, limit.NewFailures(options(3, 100)))
		for range 3 {
			if err := run(t, g.begin(), mechanism, client("", ann, "wrong")); !errors.Is(err, sasl.ErrCredentials) {
				t.Fatal(err)
			}
		}
		if err := run(t, g.begin(), mechanism, client("", ann, mailtest.Password)); !errors.Is(err, sasl.ErrCredentials) {
			t.Errorf("%s: the fourth attempt: %v", mechanism, err)
		}
		if last := g.results[len(g.results)-1]; last != "throttled" {
			t.Errorf("%s: the fourth attempt counts as %q", mechanism, last)
		}
	}
}

func TestExempt(t *testing.T) {
	t.Parallel()
	g := newGate(t, limit.NewFailures(options(1, 1)))
	g.Exempt = netip.Addr.IsLoopback
	for _, c := range []struct {
		from net.IP
		want error
	}{{net.IPv4(127, 0, 0, 1), nil}, {net.IPv6loopback, nil}, {net.IPv4(192, 0, 2, 7), sasl.ErrCredentials}} {
		for range 3 {
			_ = g.Begin(&net.TCPAddr{IP: c.from}, nil, nil).Password(t.Context(), "nobody@example.test", "guess")
		}
		if err := g.Begin(&net.TCPAddr{IP: c.from}, nil, nil).Password(t.Context(), ann, mailtest.Password); !errors.Is(err, c.want) {
			t.Errorf("from %v: %v, want %v", c.from, err, c.want)
		}
	}
}

// TestSuccessCostsNothing logs in more often than one may fail.
func TestSuccessCostsNothing(t *testing.T) {
	t.Parallel()
	for mechanism, client := range clients {
		g := newGate(t, limit.NewFailures(options(3, 3)))
		for i := range 10 {
			if err := run(t, g.begin(), mechanism, client("", ann, mailtest.Password)); err != nil {
				t.Fatalf("%s: login %d: %v", mechanism, i, err)
			}
		}
	}
}

// TestOwnAccountBuysNoGuesses has a user log in after each wrong guess at
// another's password, on the same connection.
func TestOwnAccountBuysNoGuesses(t *testing.T) {
	t.Parallel()
	for guess, bobs := range clients {
		for own, anns := range clients {
			g := newGate(t, limit.NewFailures(options(3, 100)))
			for range 10 {
				e := g.begin()
				_ = run(t, e, guess, bobs("", bob, "guess"))
				_ = run(t, e, own, anns("", ann, mailtest.Password))
			}
			refused := 0
			for _, r := range g.results {
				if r == "refused" {
					refused++
				}
			}
			if refused != 3 {
				t.Errorf("%s with logins by %s between: %d guesses, want 3", guess, own, refused)
			}
		}
	}
}

// TestSpellingsBuyNoGuesses writes one address in other ways at each guess.
func TestSpellingsBuyNoGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spellings := []string{ann, strings.ToUpper(ann), `"ann"@example.test`, `"\a\nn"@Example.Test`, `"a\nn"@example.test`}
		g := newGate(t, limit.NewFailures(options(100, len(spellings))))
		for _, name := range spellings {
			if err := g.begin().Password(t.Context(), name, "guess"); !errors.Is(err, sasl.ErrCredentials) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		start := time.Now()
		if err := g.begin().Password(t.Context(), `"an\n"@example.test`, "guess"); !errors.Is(err, sasl.ErrCredentials) || time.Since(start) == 0 {
			t.Errorf("one more spelling is a guess without delay: %v", err)
		}
	})
}

// TestAccountIsDelayed wants further attempts on an account to take longer,
// from wherever they come, and the right password to be taken all the same.
func TestAccountIsDelayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, limit.NewFailures(options(100, 2)))
		attempt := func(user, password string) (time.Duration, error) {
			start := time.Now()
			err := g.begin().Password(t.Context(), user, password)
			return time.Since(start), err
		}
		for range 2 {
			if took, err := attempt(strings.ToUpper(ann), "wrong"); took > 0 || !errors.Is(err, sasl.ErrCredentials) {
				t.Fatalf("%v after %v", err, took)
			}
		}
		if took, err := attempt(ann, mailtest.Password); took != 5*time.Second || err != nil {
			t.Errorf("after two failures: %v after %v", err, took)
		}
		if took, err := attempt(ann, mailtest.Password); took != 0 || err != nil {
			t.Errorf("after a success: %v after %v", err, took)
		}
		if took, _ := attempt(bob, "wrong"); took != 0 {
			t.Errorf("another account waits %v", took)
		}
	})
}

func TestDelayEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, limit.NewFailures(options(100, 1)))
		_ = g.begin().Password(t.Context(), ann, "wrong")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.begin().Password(ctx, ann, mailtest.Password); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that has gone away is told %v", err)
		}
	})
}
