package directory

import "errors"

// Errors about what was asked for. They come wrapped together with the name
// that they are about; other errors are failures of the store.
var (
	// ErrNotFound says that no such domain, account or alias exists.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the domain or address is already taken.
	ErrExists = errors.New("already exists")
	// ErrNoDomain says that the domain of an address is not ours.
	ErrNoDomain = errors.New("domain is not one of ours")
	// ErrDomainInUse says that a domain still has addresses.
	ErrDomainInUse = errors.New("domain still has addresses")
	// ErrAliasLoop says that an alias would lead back to itself.
	ErrAliasLoop = errors.New("alias leads back to itself")
	// ErrTargets says that an alias has no target or more than MaxTargets.
	// A larger one is made of aliases of aliases.
	ErrTargets = errors.New("alias needs between 1 and 200 targets")
	// ErrAddresses says that an account already has MaxAddresses.
	ErrAddresses = errors.New("account has too many addresses")
	// ErrExpansion says that an alias expands to too many addresses.
	ErrExpansion = errors.New("alias expands to too many addresses")
	// ErrAddress says that an address cannot be given away.
	ErrAddress = errors.New("local part is longer than 64 octets")
	// ErrPassword says that a password cannot be used: it is empty, longer
	// than 512 octets, or has characters that RFC 4013 §2.3 prohibits.
	ErrPassword = errors.New("password is empty, too long or has prohibited characters")
	// ErrShared says that nobody can log in to a shared account: it has no
	// password and is no administrator's.
	ErrShared = errors.New("nobody logs in to a shared account")
	// ErrPolicy says that a POP3 policy makes no sense.
	ErrPolicy = errors.New("invalid POP3 policy")
	// ErrBusy says that others kept changing the directory in between.
	ErrBusy = errors.New("directory is busy")
)
