package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/sasl"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	for _, test := range []struct {
		login, password string
		want            error
	}{
		{"alice@example.test", "secret of alice@example.test", nil},
		{"ALICE@EXAMPLE.TEST", "secret of alice@example.test", nil},
		{"alice@example.org", "secret of alice@example.test", nil},
		{"alice@example.test", "secret\u00a0of alice@example.test", nil}, // RFC 4013 §2.1
		{"alice@example.test", "Secret of alice@example.test", sasl.ErrCredentials},
		{"alice@example.test", "", sasl.ErrCredentials},
		{"alice@example.test", strings.Repeat("x", 1<<20), sasl.ErrCredentials},
		{"alice@example.test", "\x00", sasl.ErrCredentials},
		{"alice", "secret of alice@example.test", sasl.ErrCredentials},
		{"", "", sasl.ErrCredentials},
		{"alice+x@example.test", "secret of alice@example.test", sasl.ErrCredentials},
		{"sales@example.test", "secret of alice@example.test", sasl.ErrCredentials},
		{"nobody@example.test", "x", sasl.ErrCredentials},
		{"off@example.test", "secret of off@example.test", sasl.ErrDisabled},
		{"off@example.test", "wrong", sasl.ErrCredentials},
	} {
		for range 2 { // the second time some are remembered
			a, err := d.Authenticate(ctx, test.login, test.password)
			wantErr(t, test.login, err, test.want)
			if ok := a.ID != 0; ok != (test.want == nil) {
				t.Errorf("%s: got account %d", test.login, a.ID)
			}
		}
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	alice := addAccount(t, d, "alice@example.test")
	const login, before, after = "alice@example.test", "secret of alice@example.test", "another"
	_, err := d.Authenticate(ctx, login, before)
	must(t, err)
	must(t, d.SetPassword(ctx, alice.ID, after))
	_, err = d.Authenticate(ctx, login, before)
	wantErr(t, "the old password", err, sasl.ErrCredentials)
	_, err = d.Authenticate(ctx, login, after)
	must(t, err)
	wantErr(t, "empty", d.SetPassword(ctx, alice.ID, ""), ErrPassword)
}

// TestNoPasswordAtRest looks for the password in all that is stored.
func TestNoPasswordAtRest(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	_, err := d.AddAccount(context.Background(), NewAccount{Address: addr("alice@example.test"), Password: "horsebattery"})
	must(t, err)
	must(t, d.store.Scan(storage.Range{}, func(key, value []byte) error {
		if strings.Contains(string(value), "horsebattery") {
			t.Errorf("the password stands in %x", key)
		}
		return nil
	}))
}

func TestVerified(t *testing.T) {
	t.Parallel()
	now := noon
	o := testOptions()
	o.Now = func() time.Time { return now }
	o.VerifiedFor = time.Minute
	o.Remembered = 3
	v := newVerified(o)
	v.add(1, "hash", "password")
	for _, test := range []struct {
		id             AccountID
		hash, password string
		want           bool
	}{
		{1, "hash", "password", true},
		{1, "hash", "Password", false},
		{1, "new hash", "password", false},
		{2, "hash", "password", false},
	} {
		if got := v.has(test.id, test.hash, test.password); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
	now = now.Add(time.Minute)
	if v.has(1, "hash", "password") {
		t.Error("still remembered after its time")
	}
	for id := range AccountID(20) {
		v.add(id, "hash", "password")
	}
	if len(v.accounts) != 3 || !v.has(19, "hash", "password") {
		t.Errorf("%d accounts are remembered, want 3 with the last", len(v.accounts))
	}
	o.VerifiedFor = 0
	if v := newVerified(o); v.has(1, "hash", "password") {
		t.Error("remembered although switched off")
	}
}

// TestAuthenticateRemembers leaves no slot for hashing: only a remembered
// password can be answered then.
func TestAuthenticateRemembers(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.HashParallelism = 1
	d := open(t, memstore.New(), o)
	must(t, d.AddDomain(context.Background(), domain("example.test")))
	addAccount(t, d, "alice@example.test")
	const login, password = "alice@example.test", "secret of alice@example.test"
	_, err := d.Authenticate(context.Background(), login, password)
	must(t, err)
	must(t, d.hasher.enter(context.Background()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		login, password string
		want            error
	}{
		{login, password, nil},
		{login, "other", context.Canceled},
		{"nobody@example.test", password, context.Canceled},
	} {
		_, err := d.Authenticate(ctx, test.login, test.password)
		wantErr(t, test.login, err, test.want)
	}
}

// TestSCRAM runs whole exchanges between another implementation's client and
// its server with our keys.
func TestSCRAM(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	addAccount(t, d, "alice@example.test")
	for _, test := range []struct {
		login, password string
		want            bool
	}{
		{"alice@example.test", "secret of alice@example.test", true},
		{"alice@example.test", "wrong", false},
		{"nobody@example.test", "wrong", false},
		{"alice", "wrong", false},
	} {
		if got := exchange(t, d, test.login, test.password); got != test.want {
			t.Errorf("%s with %q: got %v", test.login, test.password, got)
		}
	}
}

func exchange(t *testing.T, d *Directory, login, password string) bool {
	t.Helper()
	server, err := scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
		keys, _, err := d.SCRAM(context.Background(), name)
		return scram.StoredCredentials{
			KeyFactors: scram.KeyFactors{Salt: string(keys.Salt), Iters: keys.Iterations},
			StoredKey:  keys.StoredKey,
			ServerKey:  keys.ServerKey,
		}, err
	})
	must(t, err)
	client, err := scram.SHA256.NewClient(login, password, "")
	must(t, err)
	c, s := client.NewConversation(), server.NewConversation()
	challenge := ""
	for range 2 {
		response, err := c.Step(challenge)
		must(t, err)
		if challenge, err = s.Step(response); err != nil {
			return false
		}
	}
	_, err = c.Step(challenge)
	return err == nil && s.Valid() && c.Valid()
}

// TestDecoys holds what a stranger sees of an unknown user against what he
// sees of a known one.
func TestDecoys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	addAccount(t, d, "alice@example.test")
	genuine, account, err := d.SCRAM(ctx, "alice@example.test")
	must(t, err)
	if account.ID != 1 {
		t.Errorf("account %d", account.ID)
	}
	first, account, err := d.SCRAM(ctx, "nobody@example.test")
	must(t, err)
	again, _, err := open(t, d.store, testOptions()).SCRAM(ctx, "nobody@example.test")
	must(t, err)
	if account.ID != 0 || fmt.Sprint(first) != fmt.Sprint(again) {
		t.Error("a decoy differs from time to time")
	}
	if len(first.Salt) != len(genuine.Salt) || first.Iterations != genuine.Iterations {
		t.Errorf("a decoy looks different: %v, %v", first, genuine)
	}
	other, _, err := d.SCRAM(ctx, "other@example.test")
	must(t, err)
	if string(other.Salt) == string(first.Salt) {
		t.Error("two decoys share a salt")
	}
}

// TestDecoysOfOtherSpellings asks for one name in many spellings: those of an
// account come to one salt, and if those of a stranger did not, two questions
// would tell who has an account.
func TestDecoysOfOtherSpellings(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	for _, name := range []string{"alice", "nobody"} {
		want, _, err := d.SCRAM(ctx, name+"@example.test")
		must(t, err)
		for _, spelling := range []string{
			strings.ToUpper(name) + "@EXAMPLE.test", `"` + name + `"@example.test`, `"\` + name + `"@Example.Test`,
		} {
			got, _, err := d.SCRAM(ctx, spelling)
			must(t, err)
			if string(got.Salt) != string(want.Salt) || got.Iterations != want.Iterations {
				t.Errorf("%s has a salt of its own", spelling)
			}
		}
	}
}

// TestStrangersCostTheSame takes all places to hash away: whatever a client that
// does not know the password says, it would have had to wait for one, whether or
// not there is such an account and the right password is remembered. And the hash
// that a stranger is held against costs what a true one does.
func TestStrangersCostTheSame(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	_, err := d.Authenticate(ctx, "alice@example.test", "secret of alice@example.test")
	must(t, err)
	for range cap(d.hasher.slots) {
		d.hasher.slots <- struct{}{}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for _, login := range []string{
		"alice@example.test", "alice@example.org", "off@example.test", "nobody@example.test", "nobody@elsewhere.test", "sales@example.test",
		"alice", "", "@", "\x00", "alice@example.test\x00", "\xff@example.test", strings.Repeat("x", 1000) + "@example.test",
	} {
		for _, password := range []string{"wrong", "", "\x00", "\xff", strings.Repeat("x", 10000)} {
			if _, err := d.Authenticate(gone, login, password); !errors.Is(err, context.Canceled) {
				t.Errorf("%.40q with %.10q does no work: %v", login, password, err)
			}
		}
	}
	if _, err := d.Authenticate(ctx, "alice@example.test", "secret of alice@example.test"); err != nil {
		t.Errorf("the right password is not remembered: %v", err)
	}
	_, c, err := d.login("bob@example.test")
	must(t, err)
	hash, err := parsePasswordHash(c.Argon2)
	must(t, err)
	if decoy := d.hasher.decoy; decoy.params != hash.params || len(decoy.salt) != len(hash.salt) || len(decoy.hash) != len(hash.hash) {
		t.Errorf("a stranger costs %+v, an account %+v", decoy.params, hash.params)
	}
}

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	h := newPasswordHash(testOptions().Argon2, "password")
	parsed, err := parsePasswordHash(h.String())
	must(t, err)
	if parsed.String() != h.String() || !parsed.matches("password") || parsed.matches("Password") {
		t.Errorf("%s is not understood", h)
	}
	// A test vector of the argon2 reference implementation.
	known, err := parsePasswordHash("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7")
	must(t, err)
	if !known.matches("password") {
		t.Error("the test vector does not match")
	}
	for _, bad := range []string{
		"", "$", "password",
		"$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7",
		"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7",
		"$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7",
		"$argon2id$v=19$m=64,t=1,p=1$$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrR",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$!",
	} {
		if _, err := parsePasswordHash(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParsePasswordHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePasswordHash(s)
		if err != nil {
			return
		}
		again, err := parsePasswordHash(h.String())
		if err != nil || again.String() != h.String() {
			t.Errorf("%q became %q: %v", s, h, err)
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	ctx := context.Background()
	d := newDirectory(b)
	addAccount(b, d, "alice@example.test")
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Authenticate(ctx, "alice@example.test", "secret of alice@example.test"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("default argon2id", func(b *testing.B) {
		hash := newPasswordHash(DefaultOptions().Argon2, "x")
		for b.Loop() {
			hash.matches("x")
		}
	})
}
