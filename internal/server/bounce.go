package server

import (
	"context"

	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/smtp"
)

// bounce delivers a notification to the sender of a message, here or elsewhere.
// A sender in our house that does not exist any more, or has no room, is
// beyond help: a notification is never itself returned.
func (s *Server) bounce(ctx context.Context, n outbound.Notice) error {
	found, err := s.directory.Resolve(ctx, n.To)
	if err != nil {
		return err
	}
	m := &delivery.Message{Options: n.Options}
	m.Recipients.Add(found, smtp.RcptOptions{})
	if found.Kind == directory.NotOurs {
		m.Recipients.AddForeign(n.To, smtp.RcptOptions{})
	}
	if len(m.Recipients.Local)+len(m.Recipients.Foreign) == 0 {
		s.log.Warn("notification has no recipient", "to", n.To.String(), "kind", found.Kind.String())
		return nil
	}
	in := s.mail.NewIngest(0)
	defer in.Discard()
	if _, err := in.Write(n.Message); err != nil {
		return err
	}
	if m.Content, err = in.Finish(); err != nil {
		return err
	}
	defer m.Content.Discard()
	failures, err := s.delivery.Deliver(ctx, m)
	for _, f := range failures {
		s.log.Warn("notification not delivered", "to", n.To.String(), "err", f.Err)
	}
	return err
}
