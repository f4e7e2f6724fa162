package directory

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// town is a directory with something of everything.
func town(t testing.TB, d *Directory) {
	ctx := context.Background()
	for _, name := range []string{"alice", "bob", "carol", "off", "plus+name"} {
		addAccount(t, d, name+"@example.test") // 1 2 3 4 5
	}
	must(t, d.AddAddress(ctx, 1, addr("alice@example.org")))
	must(t, d.Disable(ctx, 4))
	addAlias(t, d, "sales@example.test", "alice@example.test", "bob+sales@example.test")
	addAlias(t, d, "all@example.test", "sales@example.test", "carol@example.test", "Alice@example.test", "X@elsewhere.test")
	addAlias(t, d, "away@example.test", "Someone@elsewhere.test")
	addAlias(t, d, "broken@example.test", "nobody@example.test", "bob@example.test")
	addAlias(t, d, "dead@example.test", "nobody@example.test")
	addAlias(t, d, "gone@example.test", "off@example.test")
	addAlias(t, d, "abuse@example.test", "postmaster@example.test", "bob@example.test")
}

func to(id AccountID, a, detail string) Destination {
	return Destination{Account: id, Address: addr(a), Detail: detail, Since: noon}
}

func resolve(t testing.TB, d *Directory, a address.Address) Recipient {
	t.Helper()
	r, err := d.Resolve(context.Background(), a)
	must(t, err)
	return r
}

func checkRecipient(t *testing.T, d *Directory, name string, want Recipient) {
	t.Helper()
	for _, round := range []string{"read", "remembered"} {
		got := resolve(t, d, addr(name))
		if diff := cmp.Diff(want, got, cmp.Comparer(sameDomain), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, %s: %s", name, round, diff)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	town(t, d)
	for name, want := range map[string]Recipient{
		"x@elsewhere.test":         {Kind: NotOurs},
		"alice@sub.example.test":   {Kind: NotOurs},
		"nobody@example.test":      {Kind: Unknown},
		"nobody+x@example.test":    {Kind: Unknown},
		"bob@example.org":          {Kind: Unknown},
		"off@example.test":         {Kind: Disabled},
		"off+x@example.test":       {Kind: Disabled},
		"gone@example.test":        {Kind: Disabled},
		"dead@example.test":        {Kind: Unknown, Broken: addrs("nobody@example.test")},
		"ALICE@example.test":       {Kind: Deliverable, Local: []Destination{to(1, "ALICE@example.test", "")}},
		"alice@EXAMPLE.ORG":        {Kind: Deliverable, Local: []Destination{to(1, "alice@example.org", "")}},
		"Bob+ToDo+x@example.test":  {Kind: Deliverable, Local: []Destination{to(2, "Bob+ToDo+x@example.test", "ToDo+x")}},
		"bob+@example.test":        {Kind: Deliverable, Local: []Destination{to(2, "bob+@example.test", "")}},
		"plus+name@example.test":   {Kind: Deliverable, Local: []Destination{to(5, "plus+name@example.test", "")}},
		"plus@example.test":        {Kind: Unknown},
		"away@example.test":        {Kind: Deliverable, Foreign: addrs("Someone@elsewhere.test")},
		"postmaster@example.org":   {Kind: Deliverable, Local: []Destination{to(1, "alice@example.test", "")}},
		"PostMaster@example.test":  {Kind: Deliverable, Local: []Destination{to(1, "alice@example.test", "")}},
		"postmaster@elsewhere.org": {Kind: NotOurs},
		"broken@example.test": {
			Kind: Deliverable, Local: []Destination{to(2, "bob@example.test", "")}, Broken: addrs("nobody@example.test"),
		},
		"sales+q3@example.test": {
			Kind: Deliverable, Local: []Destination{to(1, "alice@example.test", ""), to(2, "bob+sales@example.test", "sales")},
		},
		"all@example.test": {
			Kind:    Deliverable,
			Local:   []Destination{to(3, "carol@example.test", ""), to(1, "Alice@example.test", ""), to(2, "bob+sales@example.test", "sales")},
			Foreign: addrs("X@elsewhere.test"),
		},
		"abuse@example.test": {
			Kind: Deliverable, Local: []Destination{to(1, "alice@example.test", ""), to(2, "bob@example.test", "")},
		},
	} {
		checkRecipient(t, d, name, want)
	}
	bare := resolve(t, d, address.Address{Local: "PostMaster"})
	if bare.Kind != Deliverable || len(bare.Local) != 1 || bare.Local[0].Account != 1 {
		t.Errorf("<Postmaster> came to %+v", bare)
	}
	if bare := resolve(t, d, address.Address{Local: "alice"}); bare.Kind != NotOurs {
		t.Errorf("<alice> came to %+v", bare)
	}
}

// TestResolveSeesChanges asks before and after each kind of change, so that
// what is remembered would show.
func TestResolveSeesChanges(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	for _, step := range []struct {
		name   string
		change func() error
		asked  string
		want   Kind
	}{
		{"start", func() error { return nil }, "bob@example.test", Deliverable},
		{"disable", func() error { return d.Disable(ctx, 2) }, "bob@example.test", Disabled},
		{"enable", func() error { return d.Enable(ctx, 2) }, "bob@example.test", Deliverable},
		{"remove", func() error { _, err := d.RemoveAccount(ctx, 2, nil); return err }, "bob@example.test", Unknown},
		{"alias before", func() error { return nil }, "away@example.test", Deliverable},
		{"alias gone", func() error { return d.RemoveAlias(ctx, addr("away@example.test")) }, "away@example.test", Unknown},
		{"catch-all", func() error { return d.SetCatchAll(ctx, domain("example.test"), addr("carol@example.test")) }, "away@example.test", Deliverable},
		{"no catch-all", func() error { return d.SetCatchAll(ctx, domain("example.test"), address.Address{}) }, "away@example.test", Unknown},
	} {
		must(t, step.change())
		if got := resolve(t, d, addr(step.asked)); got.Kind != step.want {
			t.Errorf("%s: %s is %v, want %v", step.name, step.asked, got.Kind, step.want)
		}
	}
}

func TestPostmasterOption(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Postmaster = addr("bob+post@example.test")
	d := open(t, memstore.New(), o)
	ctx := context.Background()
	must(t, d.AddDomain(ctx, domain("example.test")))
	if r := resolve(t, d, addr("postmaster@example.test")); r.Kind != Unknown {
		t.Errorf("without any account: %+v", r)
	}
	addAccount(t, d, "off@example.test")
	must(t, d.Disable(ctx, 1))
	addAccount(t, d, "alice@example.test")
	checkRecipient(t, d, "postmaster@example.test", Recipient{
		Kind: Deliverable, Local: []Destination{to(2, "alice@example.test", "")}, Broken: addrs("bob+post@example.test"),
	})
	addAccount(t, d, "bob@example.test")
	checkRecipient(t, d, "postmaster@example.test", Recipient{Kind: Deliverable, Local: []Destination{to(3, "bob+post@example.test", "post")}})
	addAlias(t, d, "postmaster@example.test", "p@elsewhere.test")
	checkRecipient(t, d, "postmaster@example.test", Recipient{Kind: Deliverable, Foreign: addrs("p@elsewhere.test")})
}

func TestCatchAll(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	must(t, d.SetCatchAll(ctx, domain("example.org"), addr("sales@example.test")))
	checkRecipient(t, d, "any@example.org", Recipient{
		Kind: Deliverable, Local: []Destination{to(1, "alice@example.test", ""), to(2, "bob+sales@example.test", "sales")},
	})
	// A catch-all that leads back to nobody ends.
	must(t, d.SetCatchAll(ctx, domain("example.org"), addr("other@example.org")))
	checkRecipient(t, d, "any@example.org", Recipient{Kind: Unknown})
	wantErr(t, "catch-all of a foreign domain", d.SetCatchAll(ctx, domain("x.test"), addr("a@x.test")), ErrNotFound)
}

func TestAliasErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	addAccount(t, d, "alice@example.test")
	addAlias(t, d, "one@example.test", "two@example.test", "alice@example.test")
	addAlias(t, d, "two@example.test", "three+x@example.test")
	many := make([]address.Address, MaxTargets+1)
	for i := range many {
		many[i] = addr(fmt.Sprintf("t%d@elsewhere.test", i))
	}
	for _, test := range []struct {
		name    string
		targets []address.Address
		want    error
	}{
		{"three@example.test", addrs("bob@example.test", "one@example.test"), ErrAliasLoop},
		{"three@example.test", addrs("three@example.test"), ErrAliasLoop},
		{"three@example.test", addrs("three+y@example.test"), ErrAliasLoop},
		{"three@example.test", nil, ErrTargets},
		{"three@example.test", many, ErrTargets},
		{"alice@example.test", addrs("x@elsewhere.test"), ErrExists},
		{"one@example.test", addrs("x@elsewhere.test"), ErrExists},
		{"x@elsewhere.test", addrs("alice@example.test"), ErrNoDomain},
	} {
		err := d.AddAlias(ctx, Alias{Address: addr(test.name), Targets: test.targets})
		wantErr(t, test.name, err, test.want)
	}
	if r := resolve(t, d, addr("three@example.test")); r.Kind != Unknown {
		t.Errorf("a refused alias is there: %+v", r)
	}
	wantErr(t, "removing an account's address", d.RemoveAlias(ctx, addr("alice@example.test")), ErrNotFound)
	wantErr(t, "removing none", d.RemoveAlias(ctx, addr("nobody@example.test")), ErrNotFound)
}

func TestLargestAlias(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	targets := make([]address.Address, MaxTargets)
	long := fmt.Sprintf("%063d.%063d.%061d", 0, 0, 0)
	for i := range targets {
		targets[i] = addr(fmt.Sprintf("%060d@%s", i, long))
	}
	must(t, d.AddAlias(ctx, Alias{Address: addr("all@example.test"), Targets: targets}))
	if r := resolve(t, d, addr("all@example.test")); len(r.Foreign) != MaxTargets {
		t.Errorf("%d foreign targets", len(r.Foreign))
	}
}

func TestExpansionIsBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	var parts []address.Address
	for i := range maxExpansion/MaxTargets + 1 {
		targets := make([]address.Address, MaxTargets)
		for j := range targets {
			targets[j] = addr(fmt.Sprintf("t%d.%d@elsewhere.test", i, j))
		}
		part := addr(fmt.Sprintf("part%d@example.test", i))
		must(t, d.AddAlias(ctx, Alias{Address: part, Targets: targets}))
		parts = append(parts, part)
	}
	err := d.AddAlias(ctx, Alias{Address: addr("all@example.test"), Targets: parts})
	wantErr(t, "an alias of all", err, ErrExpansion)
}

func TestAliases(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	addAccount(t, d, "bob@example.test")
	addAlias(t, d, "Info@example.test", "bob@example.test", "BOB@example.test", "x@elsewhere.test")
	addAlias(t, d, `"odd one"@example.org`, "bob@example.test")
	var got []Alias
	for a, err := range d.Aliases(context.Background()) {
		must(t, err)
		got = append(got, a)
	}
	want := []Alias{
		{addr(`"odd one"@example.org`), addrs("bob@example.test")},
		{addr("info@example.test"), addrs("bob@example.test", "x@elsewhere.test")},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(sameDomain)); diff != "" {
		t.Error(diff)
	}
}

func TestMayUse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	town(t, d)
	for _, test := range []struct {
		id      AccountID
		address string
		want    bool
	}{
		{1, "alice@example.test", true},
		{1, "Alice+x@example.org", true},
		{1, "sales@example.test", true},
		{1, "all@example.test", true},
		{1, "bob@example.test", false},
		{1, "away@example.test", false},
		{1, "alice@elsewhere.test", false},
		{1, "nobody@example.test", false},
		{4, "off@example.test", false},
	} {
		got, err := d.MayUse(ctx, test.id, addr(test.address))
		must(t, err)
		if got != test.want {
			t.Errorf("account %d may use %s: %v", test.id, test.address, got)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(10)
	for i := range 100 {
		m.keep(address.Address{Local: address.LocalPart(fmt.Sprint(i))}, Recipient{})
	}
	if len(m.recipients.items) != 10 {
		t.Errorf("%d are remembered, want 10", len(m.recipients.items))
	}
	large := addr("large@example.test")
	m.keep(large, Recipient{Local: make([]Destination, maxRemembered+1)})
	if _, ok := m.recipients.get(large); ok {
		t.Error("a large recipient is remembered")
	}
}

func BenchmarkResolve(b *testing.B) {
	d := newDirectory(b)
	town(b, d)
	ctx := context.Background()
	for _, name := range []string{"alice@example.test", "alice+x@example.test", "all@example.test", "nobody@example.test", "x@elsewhere.test"} {
		a := addr(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Resolve(ctx, a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
