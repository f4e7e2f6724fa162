package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// A plain is the directory as a few Go maps, with names as strings and without
// memory, batches or canonical forms: what the directory must agree with.
type plain struct {
	domains  map[string]bool
	accounts map[AccountID]*plainAccount
	aliases  map[string][]string
	lastID   AccountID
}

type plainAccount struct {
	names    []string // the first is primary
	disabled bool
}

func (p *plain) owner(name string) AccountID {
	for id, a := range p.accounts {
		if slices.Contains(a.names, name) {
			return id
		}
	}
	return 0
}

// take is what makes a name free to be given away.
func (p *plain) take(name string) error {
	_, domain, _ := strings.Cut(name, "@")
	switch {
	case !p.domains[domain]:
		return ErrNoDomain
	case p.owner(name) != 0 || p.aliases[name] != nil:
		return ErrExists
	}
	return nil
}

// reach adds to found what a name leads to: account IDs and foreign names.
func (p *plain) reach(name string, found map[string]bool, visited map[string]bool) {
	if visited[name] {
		return
	}
	visited[name] = true
	local, domain, _ := strings.Cut(name, "@")
	user, _, _ := strings.Cut(local, "+")
	base := user + "@" + domain
	switch id := p.owner(base); {
	case !p.domains[domain]:
		found["foreign "+name] = true
	case id != 0 && !p.accounts[id].disabled:
		found[fmt.Sprint("account ", id)] = true
	case id == 0:
		for _, target := range p.aliases[base] {
			p.reach(target, found, visited)
		}
	}
}

// leads tells whether an alias path goes from one name to another.
func (p *plain) leads(from, to string) bool {
	visited := make(map[string]bool)
	p.reach(from, make(map[string]bool), visited)
	return visited[to] || visited[strings.Replace(to, "@", "+x@", 1)]
}

var (
	plainDomains = rapid.SampledFrom([]string{"a.test", "b.test", "c.test"})
	plainUsers   = rapid.SampledFrom([]string{"u", "v", "w", "x"})
	plainNames   = rapid.Custom(func(t *rapid.T) string {
		return plainUsers.Draw(t, "user") + "@" + plainDomains.Draw(t, "domain")
	})
	plainTargets = rapid.Custom(func(t *rapid.T) string {
		name := plainNames.Draw(t, "name")
		if rapid.Bool().Draw(t, "detail") {
			return strings.Replace(name, "@", "+x@", 1)
		}
		return name
	})
)

// TestRandomOperations does the same to the directory and to the plain model
// and compares every answer.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, err := Open(memstore.New(), testOptions())
		if err != nil {
			t.Fatal(err)
		}
		m := &machine{d: d, plain: plain{
			domains:  make(map[string]bool),
			accounts: make(map[AccountID]*plainAccount),
			aliases:  make(map[string][]string),
		}}
		t.Repeat(rapid.StateMachineActions(m))
	})
}

type machine struct {
	d *Directory
	plain
}

var background = context.Background()

// expect compares the directory's answer with the model's.
func expect(t *rapid.T, got, want error) bool {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
	return want == nil
}

func (m *machine) anID(t *rapid.T) AccountID {
	return AccountID(rapid.Uint64Range(1, uint64(m.lastID)+1).Draw(t, "account"))
}

// known is the model's error for an account that may not exist.
func (m *machine) known(id AccountID) error {
	if m.accounts[id] == nil {
		return ErrNotFound
	}
	return nil
}

func (m *machine) AddDomain(t *rapid.T) {
	name := plainDomains.Draw(t, "domain")
	var want error
	if m.domains[name] {
		want = ErrExists
	}
	expect(t, m.d.AddDomain(background, domain(name)), want)
	m.domains[name] = true
}

func (m *machine) RemoveDomain(t *rapid.T) {
	name := plainDomains.Draw(t, "domain")
	want := m.canRemove(name)
	if expect(t, m.d.RemoveDomain(background, domain(name)), want) {
		delete(m.domains, name)
	}
}

func (m *machine) canRemove(domain string) error {
	if !m.domains[domain] {
		return ErrNotFound
	}
	for _, user := range []string{"u", "v", "w", "x"} {
		if m.take(user+"@"+domain) != nil {
			return ErrDomainInUse
		}
	}
	return nil
}

func (m *machine) AddAccount(t *rapid.T) {
	name := plainNames.Draw(t, "name")
	a, err := m.d.AddAccount(background, NewAccount{Address: addr(strings.ToUpper(name)), Password: "x"})
	if expect(t, err, m.take(name)) {
		if a.ID <= m.lastID {
			t.Fatalf("account ID %d after %d", a.ID, m.lastID)
		}
		m.lastID = a.ID
		m.accounts[a.ID] = &plainAccount{names: []string{name}}
	}
}

func (m *machine) RemoveAccount(t *rapid.T) {
	id := m.anID(t)
	_, err := m.d.RemoveAccount(background, id, nil)
	if expect(t, err, m.known(id)) {
		delete(m.accounts, id)
	}
}

func (m *machine) AddAddress(t *rapid.T) {
	id, name := m.anID(t), plainNames.Draw(t, "name")
	want := m.known(id)
	if want == nil {
		want = m.take(name)
	}
	if expect(t, m.d.AddAddress(background, id, addr(name)), want) {
		m.accounts[id].names = append(m.accounts[id].names, name)
	}
}

func (m *machine) RemoveAddress(t *rapid.T) {
	id, name := m.anID(t), plainNames.Draw(t, "name")
	want := m.known(id)
	i := 0
	if want == nil {
		if i = slices.Index(m.accounts[id].names, name); i <= 0 {
			want = ErrNotFound
		}
	}
	if expect(t, m.d.RemoveAddress(background, id, addr(name)), want) {
		m.accounts[id].names = slices.Delete(m.accounts[id].names, i, i+1)
	}
}

func (m *machine) Disable(t *rapid.T) {
	id := m.anID(t)
	if expect(t, m.d.Disable(background, id), m.known(id)) {
		m.accounts[id].disabled = true
	}
}

func (m *machine) Enable(t *rapid.T) {
	id := m.anID(t)
	if expect(t, m.d.Enable(background, id), m.known(id)) {
		m.accounts[id].disabled = false
	}
}

func (m *machine) AddAlias(t *rapid.T) {
	name := plainNames.Draw(t, "name")
	targets := rapid.SliceOfNDistinct(plainTargets, 1, 3, rapid.ID[string]).Draw(t, "targets")
	want := m.take(name)
	for _, target := range targets {
		if want == nil && m.leads(target, name) {
			want = ErrAliasLoop
		}
	}
	var list []address.Address
	for _, target := range targets {
		list = append(list, addr(target))
	}
	if expect(t, m.d.AddAlias(background, Alias{Address: addr(name), Targets: list}), want) {
		m.aliases[name] = targets
	}
}

func (m *machine) RemoveAlias(t *rapid.T) {
	name := plainNames.Draw(t, "name")
	var want error
	if m.aliases[name] == nil {
		want = ErrNotFound
	}
	expect(t, m.d.RemoveAlias(background, addr(name)), want)
	delete(m.aliases, name)
}

// Check, which runs between all operations, asks for an address, twice so that
// memory answers too, and lists everything.
func (m *machine) Check(t *rapid.T) {
	name := plainTargets.Draw(t, "asked")
	for range 2 {
		m.checkResolve(t, name)
	}
	var names []string
	for a, err := range m.d.Accounts(background) {
		expect(t, err, nil)
		if p := m.accounts[a.ID]; p == nil || p.disabled != a.Disabled || len(p.names) != len(a.Addresses)+1 {
			t.Fatalf("listed %+v, want %+v", a, p)
		}
		names = append(names, a.Address.String())
	}
	if len(names) != len(m.accounts) {
		t.Fatalf("listed %v, want %d accounts", names, len(m.accounts))
	}
	aliases := 0
	for a, err := range m.d.Aliases(background) {
		expect(t, err, nil)
		if len(m.aliases[a.Address.String()]) != len(a.Targets) {
			t.Fatalf("listed alias %v", a)
		}
		aliases++
	}
	if aliases != len(m.aliases) {
		t.Fatalf("listed %d aliases, want %d", aliases, len(m.aliases))
	}
}

func (m *machine) checkResolve(t *rapid.T, name string) {
	r, err := m.d.Resolve(background, addr(name))
	expect(t, err, nil)
	got := make(map[string]bool)
	for _, destination := range r.Local {
		got[fmt.Sprint("account ", destination.Account)] = true
	}
	for _, a := range r.Foreign {
		got["foreign "+a.String()] = true
	}
	want := make(map[string]bool)
	m.reach(name, want, make(map[string]bool))
	delete(want, "foreign "+name) // which is for others to deliver
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s came to %v, want %v", name, got, want)
	}
	if (r.Kind == Deliverable) != (len(want) > 0) {
		t.Fatalf("%s is %v, want %v", name, r.Kind, want)
	}
}
