package server

import (
	"context"

	"github.com/mailstead/mailstead/internal/flow/outbound"
)

// bounce delivers a notification to the sender of a message.
func (s *Server) bounce(ctx context.Context, n outbound.Notice) error {
	id, err := s.delivery.Return(ctx, n.To, n.Options, n.Message)
	if err == nil {
		s.traceNotice(&n, id)
	}
	return err
}
