package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// testOptions hash as fast as can be.
func testOptions() Options {
	o := DefaultOptions()
	o.Argon2 = Argon2{MemoryKiB: 8, Passes: 1, Lanes: 1}
	o.SCRAMIterations = minSCRAMIterations
	o.Now = func() time.Time { return noon }
	return o
}

func open(t testing.TB, store storage.Store, o Options) *Directory {
	t.Helper()
	d, err := Open(store, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newDirectory has the domains example.test and example.org.
func newDirectory(t testing.TB) *Directory {
	t.Helper()
	d := open(t, memstore.New(), testOptions())
	for _, name := range []string{"example.test", "example.org"} {
		must(t, d.AddDomain(context.Background(), domain(name)))
	}
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func addr(s string) address.Address {
	a, err := address.Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

func addrs(list ...string) []address.Address {
	var all []address.Address
	for _, s := range list {
		all = append(all, addr(s))
	}
	return all
}

func domain(s string) address.Domain {
	d, err := address.ParseDomain(s)
	if err != nil {
		panic(err)
	}
	return d
}

func addAccount(t testing.TB, d *Directory, a string) Account {
	t.Helper()
	account, err := d.AddAccount(context.Background(), NewAccount{Address: addr(a), Password: "secret of " + a})
	must(t, err)
	return account
}

func addAlias(t testing.TB, d *Directory, name string, targets ...string) {
	t.Helper()
	must(t, d.AddAlias(context.Background(), Alias{Address: addr(name), Targets: addrs(targets...)}))
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	wantErr(t, "adding twice", d.AddDomain(ctx, domain("EXAMPLE.test")), ErrExists)
	wantErr(t, "removing none", d.RemoveDomain(ctx, domain("other.test")), ErrNotFound)

	alice := addAccount(t, d, "alice@example.test")
	wantErr(t, "removing with an account", d.RemoveDomain(ctx, domain("example.test")), ErrDomainInUse)
	_, err := d.RemoveAccount(ctx, alice.ID, nil)
	must(t, err)
	addAlias(t, d, "info@example.test", "someone@elsewhere.test")
	wantErr(t, "removing with an alias", d.RemoveDomain(ctx, domain("example.test")), ErrDomainInUse)
	must(t, d.RemoveAlias(ctx, addr("info@example.test")))
	must(t, d.RemoveDomain(ctx, domain("example.test")))

	list, err := d.Domains(ctx)
	must(t, err)
	if diff := cmp.Diff([]Domain{{Name: domain("example.org"), CreatedAt: noon}}, list, cmp.Comparer(sameDomain)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]bool{"example.org": true, "example.test": false, "org": false} {
		got, err := d.IsLocal(ctx, domain(name))
		must(t, err)
		if got != want {
			t.Errorf("IsLocal(%s) is %v", name, got)
		}
	}
}

func sameDomain(a, b address.Domain) bool { return a == b }

func TestAccounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	alice := addAccount(t, d, "Alice@Example.Test")
	want := Account{ID: 1, Address: addr("alice@example.test"), CreatedAt: noon}
	if diff := cmp.Diff(want, alice, cmp.Comparer(sameDomain)); diff != "" {
		t.Error(diff)
	}
	must(t, d.AddAddress(ctx, alice.ID, addr("a.l@example.org")))
	must(t, d.SetQuota(ctx, alice.ID, Quota{Bytes: 1 << 30}))
	must(t, d.Disable(ctx, alice.ID))
	want.Addresses, want.Quota.Bytes, want.Disabled = addrs("a.l@example.org"), 1<<30, true
	for _, by := range []string{"alice@example.test", "A.L@example.org"} {
		got, err := d.AccountAt(ctx, addr(by))
		must(t, err)
		if diff := cmp.Diff(want, got, cmp.Comparer(sameDomain)); diff != "" {
			t.Errorf("by %s: %s", by, diff)
		}
	}
	must(t, d.Enable(ctx, alice.ID))
	must(t, d.RemoveAddress(ctx, alice.ID, addr("a.l@example.org")))
	want = Account{ID: 1, Address: addr("alice@example.test"), Quota: Quota{Bytes: 1 << 30}, CreatedAt: noon}
	got, err := d.Account(ctx, alice.ID)
	must(t, err)
	if diff := cmp.Diff(want, got, cmp.Comparer(sameDomain)); diff != "" {
		t.Error(diff)
	}
	_, err = d.AccountAt(ctx, addr("a.l@example.org"))
	wantErr(t, "an address that was taken away", err, ErrNotFound)
}

func TestAccountErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	alice := addAccount(t, d, "alice@example.test")
	addAlias(t, d, "info@example.test", "alice@example.test")
	long := address.Address{Local: address.LocalPart(fmt.Sprintf("%065d", 0)), Domain: domain("example.test")}
	for _, test := range []struct {
		address  address.Address
		password string
		want     error
	}{
		{addr("alice@example.test"), "x", ErrExists},
		{addr("ALICE@example.test"), "x", ErrExists},
		{addr("info@example.test"), "x", ErrExists},
		{addr("bob@elsewhere.test"), "x", ErrNoDomain},
		{addr("bob@example.test"), "", ErrPassword},
		{addr("bob@example.test"), "control\x01", ErrPassword},
		{addr("bob@example.test"), fmt.Sprintf("%0513d", 0), ErrPassword},
		{long, "x", ErrAddress},
	} {
		_, err := d.AddAccount(ctx, NewAccount{Address: test.address, Password: test.password})
		wantErr(t, test.address.String(), err, test.want)
	}
	wantErr(t, "address of an alias", d.AddAddress(ctx, alice.ID, addr("info@example.test")), ErrExists)
	wantErr(t, "address of nobody", d.AddAddress(ctx, 99, addr("new@example.test")), ErrNotFound)
	wantErr(t, "primary address", d.RemoveAddress(ctx, alice.ID, alice.Address), ErrNotFound)
	wantErr(t, "password of nobody", d.SetPassword(ctx, 99, "x"), ErrNotFound)
	wantErr(t, "no such account", d.Enable(ctx, 99), ErrNotFound)
	if err := d.SetQuota(ctx, alice.ID, Quota{Messages: -3}); err == nil {
		t.Error("a negative quota was taken")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	wantErr(t, "cancelled", d.Disable(cancelled, alice.ID), context.Canceled)
}

func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	alice := addAccount(t, d, "alice@example.test")
	must(t, d.AddAddress(ctx, alice.ID, addr("al@example.org")))
	must(t, d.store.(*memstore.Store).Enqueue(batchSetting(d.store, "\x20mail")).Wait())
	removed, err := d.RemoveAccount(ctx, alice.ID, func(b *storage.Batch) error {
		b.Delete([]byte("\x20mail"))
		return nil
	})
	must(t, err)
	if removed.Address != alice.Address {
		t.Errorf("removed %v", removed)
	}
	for _, space := range []byte{spaceAccount, spaceAddress, spaceCredentials, 0x20} {
		if n := count(t, d.store, space); n != 0 {
			t.Errorf("%d keys are left in subspace %#x", n, space)
		}
	}
	if again := addAccount(t, d, "alice@example.test"); again.ID == alice.ID {
		t.Error("an account ID was used again")
	}
	failure := errors.New("no")
	_, err = d.RemoveAccount(ctx, 2, func(*storage.Batch) error { return failure })
	wantErr(t, "a batch that could not be filled", err, failure)
	if _, err := d.Account(ctx, 2); err != nil {
		t.Errorf("the account is gone: %v", err)
	}
}

func batchSetting(s storage.Store, key string) *storage.Batch {
	b := s.NewBatch()
	b.Set([]byte(key), []byte("x"))
	return b
}

func count(t *testing.T, r storage.Reader, space byte) int {
	t.Helper()
	n := 0
	must(t, r.Scan(wholeSpace(space), func(_, _ []byte) error { n++; return nil }))
	return n
}

// TestAddAccounts adds more than a batch and lists more than a page.
func TestAddAccounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	addAccount(t, d, "user0003@example.test")
	var list []NewAccount
	for i := range addTogether + 20 {
		list = append(list, NewAccount{Address: addr(fmt.Sprintf("user%04d@example.test", i)), Password: "x"})
	}
	list[7].Address = addr("user0006@example.test") // twice in one batch
	list[addTogether+3].Password = ""
	added, err := d.AddAccounts(ctx, list)
	must(t, err)
	refused := map[int]error{3: ErrExists, 7: ErrExists, addTogether + 3: ErrPassword}
	for i, a := range added {
		if !errors.Is(a.Err, refused[i]) {
			t.Errorf("account %d: %v", i, a.Err)
		}
		if a.Err == nil && a.Account.Address != list[i].Address {
			t.Errorf("account %d is %v", i, a.Account)
		}
	}
	var seen []AccountID
	for a, err := range d.Accounts(ctx) {
		must(t, err)
		seen = append(seen, a.ID)
	}
	if want := len(list) - len(refused) + 1; len(seen) != want || !slices.IsSorted(seen) {
		t.Errorf("listed %d accounts, want %d, sorted", len(seen), want)
	}
	for range d.Accounts(ctx) {
		break // an iterator may be left early
	}
}

// TestConcurrentAdds has several nodes on one store add the same addresses.
// Each must be given to exactly one account, with an ID of its own.
func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := memstore.New()
	must(t, open(t, store, testOptions()).AddDomain(ctx, domain("example.test")))
	const nodes, addresses = 4, 15
	var wg sync.WaitGroup
	results := make([][]AccountID, nodes)
	for n := range nodes {
		d := open(t, store, testOptions())
		results[n] = make([]AccountID, addresses)
		wg.Go(func() {
			for i := range addresses {
				name := addr(fmt.Sprintf("user%d@example.test", i))
				a, err := d.AddAccount(ctx, NewAccount{Address: name, Password: "x"})
				if err != nil && !errors.Is(err, ErrExists) {
					t.Error(err)
				}
				results[n][i] = a.ID
			}
		})
	}
	wg.Wait()
	ids := make(map[AccountID]bool)
	for i := range addresses {
		winners := 0
		for n := range nodes {
			if id := results[n][i]; id != 0 {
				winners++
				ids[id] = true
			}
		}
		if winners != 1 {
			t.Errorf("user%d was added %d times", i, winners)
		}
	}
	if len(ids) != addresses {
		t.Errorf("%d different IDs for %d accounts", len(ids), addresses)
	}
}

func TestFailedCommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	d.store.(*memstore.Store).FailCommits(1, storage.ErrFull)
	_, err := d.AddAccount(ctx, NewAccount{Address: addr("a@example.test"), Password: "x"})
	wantErr(t, "a full disk", err, storage.ErrFull)
	addAccount(t, d, "a@example.test")
	d.store.(*memstore.Store).FailCommits(maxAttempts, storage.ErrConflict)
	wantErr(t, "conflicts without end", d.AddDomain(ctx, domain("new.test")), ErrBusy)
	must(t, d.AddDomain(ctx, domain("new.test")))
}

func TestReopen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	addAccount(t, d, "alice@example.test")
	again := open(t, d.store, testOptions())
	if _, err := again.AccountAt(ctx, addr("alice@example.test")); err != nil {
		t.Error(err)
	}
	before, err := d.Version(ctx)
	must(t, err)
	addAccount(t, again, "bob@example.test")
	now, err := again.Version(ctx)
	must(t, err)
	if now != before+1 {
		t.Errorf("version went from %d to %d", before, now)
	}
}

func TestOpenRefusesOptions(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Options){
		"few iterations": func(o *Options) { o.SCRAMIterations = 4095 },
		"no passes":      func(o *Options) { o.Argon2.Passes = 0 },
		"little memory":  func(o *Options) { o.Argon2.MemoryKiB = 7 },
		"much memory":    func(o *Options) { o.Argon2.MemoryKiB = 1 << 30 },
		"no parallelism": func(o *Options) { o.HashParallelism = 0 },
		"no clock":       func(o *Options) { o.Now = nil },
	} {
		o := testOptions()
		spoil(&o)
		if _, err := Open(memstore.New(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
