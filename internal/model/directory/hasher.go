package directory

import (
	"context"

	"github.com/xdg-go/stringprep"
)

// maxPassword bounds the work before the work: a peer chooses the length.
const maxPassword = 512

// A hasher does the costly work on passwords, only so much at a time: whoever
// finds no slot free waits.
type hasher struct {
	argon2     Argon2
	iterations int
	slots      chan struct{}
	decoy      passwordHash // verified against for unknown users
}

func newHasher(o Options) *hasher {
	return &hasher{
		argon2:     o.Argon2,
		iterations: o.SCRAMIterations,
		slots:      make(chan struct{}, o.HashParallelism),
		decoy: passwordHash{
			params: o.Argon2,
			salt:   make([]byte, argon2Salt),
			hash:   make([]byte, argon2Hash),
		},
	}
}

// derive makes the credentials of a new password. It returns ErrPassword if
// the password cannot be used.
func (h *hasher) derive(ctx context.Context, password string) (credentials, error) {
	prepared, err := prepare(password)
	if err != nil {
		return credentials{}, err
	}
	if err := h.enter(ctx); err != nil {
		return credentials{}, err
	}
	defer h.leave()
	keys, err := newSCRAMKeys(prepared, h.iterations)
	return credentials{Argon2: newPasswordHash(h.argon2, prepared).String(), SCRAM: keys}, err
}

// matches compares a prepared password with a hash.
func (h *hasher) matches(ctx context.Context, hash passwordHash, prepared string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	return hash.matches(prepared), nil
}

func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) leave() { <-h.slots }

// prepare brings a password into the one form in which it is hashed, whether
// it came by PLAIN (RFC 4616 §2) or goes into SCRAM keys (RFC 5802 §2.2).
func prepare(password string) (string, error) {
	if len(password) > maxPassword {
		return "", ErrPassword
	}
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil || prepared == "" {
		return "", ErrPassword
	}
	return prepared, nil
}
