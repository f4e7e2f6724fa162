package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An AccountID names an account for ever: it is never reused. Zero is none.
type AccountID uint64

// A Domain is a domain whose mail we keep.
type Domain struct {
	Name      address.Domain
	CreatedAt time.Time
	// CatchAll gets the mail of addresses that nobody has; zero for none.
	CatchAll address.Address
}

// An Account is a person's store of mail.
type Account struct {
	ID        AccountID
	Address   address.Address   // the primary address
	Addresses []address.Address // others that belong to it
	Disabled  bool              // may not log in and receives nothing
	// Shared says that it is nobody's: its mailboxes are used by those who
	// have rights on them, and nobody can log in.
	Shared bool
	// Admin says that its user may set the quotas of others.
	Admin     bool
	Quota     Quota
	CreatedAt time.Time
}

// An Alias is an address that stands for others.
type Alias struct {
	Address address.Address
	Targets []address.Address // ours or foreign
}

// state is the one record that orders all changes.
type state struct {
	Version     uint64
	LastAccount AccountID
}

type domainRecord struct {
	CreatedAt time.Time
	CatchAll  address.Address `json:",omitzero"`
}

type accountRecord struct {
	Address   address.Address
	Addresses []address.Address `json:",omitempty"`
	Disabled  bool              `json:",omitempty"`
	Shared    bool              `json:",omitempty"`
	Admin     bool              `json:",omitempty"`
	// The parts of the quota.
	QuotaBytes     int64 `json:",omitempty"`
	QuotaMessages  int64 `json:",omitempty"`
	QuotaMailboxes int64 `json:",omitempty"`
	CreatedAt      time.Time
}

func (r accountRecord) account(id AccountID) Account {
	return Account{
		ID:        id,
		Address:   r.Address,
		Addresses: r.Addresses,
		Disabled:  r.Disabled,
		Shared:    r.Shared,
		Admin:     r.Admin,
		Quota:     Quota{r.QuotaBytes, r.QuotaMessages, r.QuotaMailboxes},
		CreatedAt: r.CreatedAt,
	}
}

func (a Account) record() accountRecord {
	return accountRecord{
		Address:    a.Address,
		Addresses:  a.Addresses,
		Disabled:   a.Disabled,
		Shared:     a.Shared,
		Admin:      a.Admin,
		QuotaBytes: a.Quota.Bytes, QuotaMessages: a.Quota.Messages, QuotaMailboxes: a.Quota.Mailboxes,
		CreatedAt: a.CreatedAt,
	}
}

// addressRecord is either an account's or an alias.
type addressRecord struct {
	Account AccountID         `json:",omitempty"`
	Targets []address.Address `json:",omitempty"`
	// Since is when the account got the address; zero if that was when it
	// was made, or before this was noted.
	Since time.Time `json:",omitzero"`
}

func (r addressRecord) isAlias() bool { return r.Account == 0 }

// credentials prove that someone is the owner of an account.
type credentials struct {
	Argon2 string // in PHC string format
	SCRAM  SCRAMKeys
}

// read decodes the record at key; it returns storage.ErrNotFound if there is
// none.
func read[T any](r storage.Reader, key []byte) (T, error) {
	var record T
	value, err := r.Get(nil, key)
	if err != nil {
		return record, err
	}
	return decode[T](value)
}

// find is read for records that may be missing.
func find[T any](r storage.Reader, key []byte) (record T, ok bool, err error) {
	record, err = read[T](r, key)
	if errors.Is(err, storage.ErrNotFound) {
		return record, false, nil
	}
	return record, err == nil, err
}

func decode[T any](value []byte) (T, error) {
	var record T
	if err := json.Unmarshal(value, &record); err != nil {
		return record, fmt.Errorf("directory: %w: %w", storage.ErrCorrupt, err)
	}
	return record, nil
}

// encode panics on failure: each record type can be marshalled.
func encode(record any) []byte {
	value, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	return value
}
