package sasl

import "errors"

// Names of mechanisms, as they are announced.
const (
	Plain           = "PLAIN"
	Login           = "LOGIN"
	SCRAMSHA256     = "SCRAM-SHA-256"
	SCRAMSHA256Plus = "SCRAM-SHA-256-PLUS"
)

// MaxMessage is the greatest length of one message, in octets, decoded.
// A longer one is malformed.
const MaxMessage = 4096

// ErrUnexpected says that a server has sent a challenge that the mechanism
// does not know, or one too many.
var ErrUnexpected = errors.New("sasl: unexpected challenge")

// ErrUnproven says that a server claimed success without having shown that
// it knows the user's keys, as SCRAM makes it (RFC 5802 §5).
var ErrUnproven = errors.New("sasl: server has not proven itself")

// A prover is a Client whose mechanism authenticates the server too.
type prover interface {
	proven() bool
}

// Finish must be called when the server has said that c is authenticated. It
// returns ErrUnproven if the mechanism owes a proof of the server's side that
// did not come; then the connection is not to be trusted.
func Finish(c Client) error {
	if p, ok := c.(prover); ok && !p.proven() {
		return ErrUnproven
	}
	return nil
}
