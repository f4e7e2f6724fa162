package smtpsession

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/smtp"
)

var errNotHere = smtp.NewError(553, smtp.EnhancedCode{5, 1, 3}, "Give a whole address")

// Verify answers VRFY of a mailbox of ours (RFC 5321 §3.5).
func (s *session) Verify(ctx context.Context, name string) (string, error) {
	a, _, err := s.lookUp(ctx, name)
	if err != nil {
		return "", err
	}
	return "<" + a.String() + ">", nil
}

// Expand answers EXPN with the members of an alias.
func (s *session) Expand(ctx context.Context, name string) ([]string, error) {
	_, found, err := s.lookUp(ctx, name)
	if err != nil {
		return nil, err
	}
	var members []string
	for _, d := range found.Local {
		members = append(members, "<"+d.Address.String()+">")
	}
	for _, a := range found.Foreign {
		members = append(members, "<"+a.String()+">")
	}
	return members, nil
}

// lookUp finds who has an address of ours.
func (s *session) lookUp(ctx context.Context, name string) (address.Address, directory.Recipient, error) {
	a, err := address.Parse(strings.Trim(name, "<> "))
	if err != nil {
		return a, directory.Recipient{}, errNotHere.WithCause(err)
	}
	found, err := s.Directory.Resolve(ctx, a)
	if err != nil {
		return a, found, err
	}
	return a, found, refusal(inbound.Judge(inbound.Facts{Kind: found.Kind}))
}
