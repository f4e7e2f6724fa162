package sasl

import (
	"context"
	"errors"
)

// A Server is the server's side of one authentication exchange (RFC 4422 §3).
// The protocol engines drive it; what an identity is, is no concern of theirs:
// whoever made the Server learns it when the exchange is done.
type Server interface {
	// Next takes the client's response, decoded, and returns the next
	// challenge. The first call has a nil response if the client sent no
	// initial response, and an empty one if it sent an empty one. When done
	// is true and err is nil, the client is authenticated; a challenge that
	// comes with done is additional data with success, which the protocol
	// must deliver.
	Next(ctx context.Context, response []byte) (challenge []byte, done bool, err error)
}

// A Client is the client's side of one exchange.
type Client interface {
	// Start returns the mechanism's name and the initial response, nil if
	// it has none.
	Start() (mechanism string, initial []byte, err error)
	// Next answers a challenge of the server.
	Next(challenge []byte) (response []byte, err error)
}

// Errors of an exchange. Any other error of Server.Next is a temporary
// failure of the server: the engines log it and answer so.
var (
	// ErrCredentials says that identity and secret do not fit. It never
	// tells which of them was wrong.
	ErrCredentials = errors.New("sasl: authentication credentials invalid")
	// ErrAuthorization says that the user may not act as the identity
	// that it asked for.
	ErrAuthorization = errors.New("sasl: authorization identity not permitted")
	// ErrMalformed says that a response does not follow the mechanism.
	ErrMalformed = errors.New("sasl: malformed response")
	// ErrDisabled says that the account is switched off.
	ErrDisabled = errors.New("sasl: account disabled")
)
