package sasl

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/xdg-go/scram"
)

// Iteration counts of SCRAM.
const (
	// MinIterations is the least that a server should ask for (RFC 7677 §3).
	MinIterations = 4096
	// DefaultIterations is what RFC 7677 §4 recommends.
	DefaultIterations = 15000
	// MaxIterations is the most that a client works for a server: about a
	// second. A server could otherwise keep it busy for hours.
	MaxIterations = 2_000_000
)

// saltSize is the length in octets of a made-up salt, and of what DeriveSCRAM
// should be given, so that the two look alike.
const saltSize = 16

// SCRAMCredentials are what a server keeps to authenticate a user by
// SCRAM-SHA-256 (RFC 5802 §3). The password cannot be computed from them, but
// guesses can be tried.
type SCRAMCredentials struct {
	Salt       []byte // 16 random octets, unless they come from elsewhere
	Iterations int
	StoredKey  []byte // 32 octets
	ServerKey  []byte // 32 octets
}

// A SCRAMLookup returns the credentials of a user, whose name has gone
// through Prepare. For a user who is unknown or has none it returns
// ErrCredentials, for a disabled user the credentials (SCRAMOptions.Authorize
// is the place to refuse, when the client has shown that it knows the
// password), and any other error for a temporary failure.
type SCRAMLookup func(ctx context.Context, user string) (SCRAMCredentials, error)

// DeriveSCRAM computes the credentials for a password, which it prepares. The
// salt should be 16 octets from a cryptographic source.
func DeriveSCRAM(password string, salt []byte, iterations int) (SCRAMCredentials, error) {
	if iterations < MinIterations || iterations > MaxIterations {
		return SCRAMCredentials{}, fmt.Errorf("sasl: %d iterations are out of bounds", iterations)
	}
	if len(salt) == 0 || password == "" {
		return SCRAMCredentials{}, errors.New("sasl: empty salt or password")
	}
	client, err := scram.SHA256.NewClientUnprepped("", Prepare(password), "")
	if err != nil {
		return SCRAMCredentials{}, fmt.Errorf("sasl: derive keys: %w", err)
	}
	keys, err := client.GetStoredCredentialsWithError(
		scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return SCRAMCredentials{}, fmt.Errorf("sasl: derive keys: %w", err)
	}
	return SCRAMCredentials{
		Salt:       []byte(keys.Salt),
		Iterations: keys.Iters,
		StoredKey:  keys.StoredKey,
		ServerKey:  keys.ServerKey,
	}, nil
}

// fakeCredentials makes up what an unknown user has: always the same for a
// name, and no password fits.
func fakeCredentials(key []byte, user string, iterations int) SCRAMCredentials {
	derive := func(label string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(label + "\x00" + user))
		return mac.Sum(nil)
	}
	return SCRAMCredentials{
		Salt:       derive("salt")[:saltSize],
		Iterations: iterations,
		StoredKey:  derive("stored key"),
		ServerKey:  derive("server key"),
	}
}

func (c SCRAMCredentials) stored() scram.StoredCredentials {
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(c.Salt), Iters: c.Iterations},
		StoredKey:  c.StoredKey,
		ServerKey:  c.ServerKey,
	}
}
