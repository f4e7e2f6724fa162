package directory

import (
	"encoding/binary"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// maxExpansion bounds the addresses that an address may come to, those in
// between included.
const maxExpansion = 10_000

// postmaster is the local part that each domain of ours has (RFC 5321
// §4.5.1).
const postmaster address.LocalPart = "postmaster"

// An expansion follows an address through aliases, catch-alls and the
// postmaster to its ends. It visits each address once, so it ends whatever the
// directory says.
type expansion struct {
	reader  storage.Reader
	options *Options
	start   address.Address // canonical

	result Recipient
	looped bool // the start was reached again
	// fallback: an address was followed that nobody has by itself.
	fallback   bool
	postmaster bool // a postmaster was met that nobody is
	disabled   bool // an account was met that is switched off

	pending  []address.Address
	visited  map[address.Address]bool // canonical
	accounts map[AccountID]bool       // those in result.Local
}

// expand follows one address to its ends.
func expand(r storage.Reader, options *Options, start address.Address) (*expansion, error) {
	e := &expansion{
		reader:   r,
		options:  options,
		start:    start.Canonical(),
		pending:  []address.Address{start},
		visited:  make(map[address.Address]bool),
		accounts: make(map[AccountID]bool),
	}
	for i := 0; i < len(e.pending); i++ {
		if err := e.follow(e.pending[i], i == 0); err != nil {
			return nil, err
		}
	}
	return e, e.settle()
}

// settle decides the kind, when all is followed.
func (e *expansion) settle() error {
	if e.postmaster && !e.deliverable() {
		if err := e.firstAccount(); err != nil {
			return err
		}
	}
	switch {
	case e.deliverable():
		e.result.Kind = Deliverable
	case e.disabled:
		e.result.Kind = Disabled
	}
	return nil
}

func (e *expansion) deliverable() bool {
	return len(e.result.Local) > 0 || len(e.result.Foreign) > 0
}

// follow takes one step from an address: to its account, its targets, or what
// stands in for it.
func (e *expansion) follow(a address.Address, first bool) error {
	canonical := a.Canonical()
	e.looped = e.looped || !first && canonical == e.start
	if e.visited[canonical] {
		return nil
	}
	e.visited[canonical] = true
	if len(e.visited) > maxExpansion {
		return about(ErrExpansion, e.start)
	}
	if a.Domain.IsZero() && canonical.Local == postmaster {
		return e.toPostmaster()
	}
	domain, ours, err := find[domainRecord](e.reader, domainKey(a.Domain))
	switch {
	case err != nil:
		return err
	case !ours && !first:
		e.result.Foreign = append(e.result.Foreign, a)
		return nil
	case !ours:
		return nil
	case first:
		e.result.Kind = Unknown
	}
	return e.followOurs(a, domain, first)
}

func (e *expansion) followOurs(a address.Address, domain domainRecord, first bool) error {
	found, err := lookup(e.reader, e.options.Separators, a)
	switch {
	case err != nil:
		return err
	case !found.ok && a.Local.Canonical() == postmaster:
		return e.toPostmaster()
	case !found.ok && !domain.CatchAll.IsZero():
		e.fallback = true
		e.pending = append(e.pending, domain.CatchAll)
	case !found.ok && !first:
		e.result.Broken = append(e.result.Broken, a)
	case !found.ok:
		return nil
	case found.record.isAlias():
		e.looped = e.looped || !first && found.address == e.start
		e.pending = append(e.pending, found.record.Targets...)
	default:
		return e.toAccount(found.record, a, found.detail)
	}
	return nil
}

func (e *expansion) toAccount(found addressRecord, a address.Address, detail string) error {
	id := found.Account
	account, err := read[accountRecord](e.reader, accountKey(id))
	if err != nil {
		return err
	}
	switch {
	case account.Disabled:
		e.disabled = true
	case !e.accounts[id]:
		e.accounts[id] = true
		e.result.Local = append(e.result.Local, Destination{Account: id, Address: a, Detail: detail, Since: found.since(account)})
	}
	return nil
}

// since returns when an account got an address.
func (r addressRecord) since(a accountRecord) time.Time {
	if r.Since.IsZero() {
		return a.CreatedAt
	}
	return r.Since
}

func (e *expansion) toPostmaster() error {
	e.fallback, e.postmaster = true, true
	if e.options.Postmaster.IsZero() {
		return e.firstAccount()
	}
	e.pending = append(e.pending, e.options.Postmaster)
	return nil
}

// firstAccount goes to the oldest account that is not switched off.
func (e *expansion) firstAccount() error {
	return e.reader.Scan(wholeSpace(spaceAccount), func(key, value []byte) error {
		account, err := decode[accountRecord](value)
		if err != nil || account.Disabled {
			return err
		}
		id := AccountID(binary.BigEndian.Uint64(key[1:]))
		if !e.accounts[id] {
			e.accounts[id] = true
			e.result.Local = append(e.result.Local, Destination{Account: id, Address: account.Address, Since: account.CreatedAt})
		}
		return storage.ErrStop
	})
}

// A finding is who has an address.
type finding struct {
	ok      bool
	record  addressRecord
	address address.Address // canonical, without the detail that was split off
	detail  string
}

// lookup finds who has an address: the whole of it or, failing that, its user
// without the detail.
func lookup(r storage.Reader, separators string, a address.Address) (finding, error) {
	whole := a.Canonical()
	record, ok, err := find[addressRecord](r, addressKey(whole))
	if ok || err != nil {
		return finding{ok: ok, record: record, address: whole}, err
	}
	user, detail, ok := a.Local.Split(separators)
	if !ok {
		return finding{}, nil
	}
	base := address.Address{Local: user, Domain: a.Domain}.Canonical()
	record, ok, err = find[addressRecord](r, addressKey(base))
	return finding{ok: ok, record: record, address: base, detail: detail}, err
}
