package dns

import (
	"errors"
	"fmt"
)

// What an [*Error] can be; use errors.Is.
var (
	// ErrNotFound says that there are no such records: NODATA or NXDOMAIN
	// (RFC 2308 §2).
	ErrNotFound = errors.New("no such record")
	// ErrNoSuchName says that the name itself does not exist: NXDOMAIN.
	ErrNoSuchName = errors.New("no such name")
	// ErrTemporary says that nobody could tell. A later try may succeed.
	ErrTemporary = errors.New("temporary failure")
	// ErrInvalidName says that the text asked for is not a name.
	ErrInvalidName = errors.New("invalid name")
)

// An Error is the failure of one lookup.
type Error struct {
	Name string // as it was asked for
	Type string // "MX", "A", ...
	Kind error  // ErrNotFound, ErrNoSuchName, ErrTemporary or ErrInvalidName
	Err  error  // what happened, if there is more to say
}

// Error says what was asked, and what came of it.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("dns: %s %s: %v", e.Name, e.Type, e.Kind)
	}
	return fmt.Sprintf("dns: %s %s: %v: %v", e.Name, e.Type, e.Kind, e.Err)
}

// Is reports whether the error is of this kind. A name that does not exist has
// no records either.
func (e *Error) Is(target error) bool {
	return target == e.Kind || target == ErrNotFound && e.Kind == ErrNoSuchName
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
