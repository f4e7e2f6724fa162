package listener

import (
	"context"
	"crypto/rand"
	"strings"
)

type idKey struct{}

// withID gives a context the identity of a new connection.
func withID(ctx context.Context) context.Context {
	// 50 random bits tell connections apart in the logs of any day, also
	// across restarts and nodes.
	return context.WithValue(ctx, idKey{}, strings.ToLower(rand.Text()[:10]))
}

// ConnID returns the identity of the connection that a handler's context
// belongs to: ten letters and digits, for logs and Received fields. It is empty
// for a context from elsewhere.
func ConnID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}
