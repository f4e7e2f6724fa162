package admin

import (
	"time"
)

// A Domain is a domain whose mail the server keeps.
type Domain struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// An Account is a person's store of mail.
type Account struct {
	Address   string   `json:"address"`
	Addresses []string `json:"addresses,omitempty"` // others that belong to it
	Disabled  bool     `json:"disabled"`
	Shared    bool     `json:"shared"` // nobody logs in: see NewAccount
	Admin     bool     `json:"admin"`  // its user may set the quotas of others
	// Quota is in bytes. Of this number and the next two, 0 is the server's
	// default, -1 no limit, -2 that nothing may be added.
	Quota          int64 `json:"quota"`
	QuotaMessages  int64 `json:"quotaMessages"`
	QuotaMailboxes int64 `json:"quotaMailboxes"`

	Created  time.Time `json:"created"`
	Messages int64     `json:"messages"`
	Bytes    int64     `json:"bytes"`
	POP3     POP3      `json:"pop3"`
}

// A NewAccount is an account to be added.
type NewAccount struct {
	Address  string `json:"address"`
	Password string `json:"password"`
	// Shared makes it one to which nobody logs in, without a password: its
	// mailboxes are for those who are given rights on them.
	Shared bool `json:"shared,omitempty"`
}

// AddAccounts asks for accounts to be added.
type AddAccounts struct {
	Accounts    []NewAccount `json:"accounts"`
	MakeDomains bool         `json:"makeDomains"` // add the domains that are missing
}

// An Added tells what became of one NewAccount; Error is empty if it was added.
type Added struct {
	Address string `json:"address"`
	Error   string `json:"error,omitempty"`
	Exists  bool   `json:"exists,omitempty"` // it failed because the address is taken
}

// An Alias is an address that stands for others.
type Alias struct {
	Address string   `json:"address"`
	Targets []string `json:"targets"`
}

// A Count says how many rows an operation changed.
type Count struct {
	Count int `json:"count"`
}

// password is the body of a change of password.
type password struct {
	Password string `json:"password"`
}

// failure is the body of every answer that is an error.
type failure struct {
	Error string `json:"error"`
}
