package smtpsession

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/smtp"
)

// Header fields that say the same as parameters of the envelope, for messages
// that came through servers without the extension.
const (
	fieldSolicitation = "Solicitation"                  // RFC 3865 §3
	fieldValidSince   = "Require-Recipient-Valid-Since" // RFC 7293 §4
)

// checkFields holds a message against those fields of its header.
func (s *session) checkFields(ctx context.Context, content *mailstore.Content) error {
	if s.Policy.Unwanted != "" {
		if err := s.checkSolicitation(content); err != nil {
			return err
		}
	}
	found, err := content.HasField(fieldValidSince)
	if err != nil || !found {
		return err
	}
	header, err := content.Header(maxHeader)
	if err != nil {
		return err
	}
	for _, value := range message.Header(header).Values(fieldValidSince) {
		if err := s.checkValidSince(ctx, value); err != nil {
			return err
		}
	}
	return nil
}

// checkSolicitation refuses a stranger's message of a class that is not
// wanted. A list that cannot be read is none.
func (s *session) checkSolicitation(content *mailstore.Content) error {
	found, err := content.HasField(fieldSolicitation)
	if _, user := s.account(); err != nil || !found || user {
		return err
	}
	header, err := content.Header(maxHeader)
	if err != nil {
		return err
	}
	for _, value := range message.Header(header).Values(fieldSolicitation) {
		list, _ := smtp.ParseSolicitation(strings.Join(strings.Fields(value), ""))
		if unwanted := list.Common(s.Policy.Unwanted); unwanted != "" {
			return errSolicitation(unwanted)
		}
	}
	return nil
}

// checkValidSince refuses the message if a recipient that the field names has
// changed hands. The parameter of RCPT takes precedence (RFC 7293 §5.2.1).
func (s *session) checkValidSince(ctx context.Context, value string) error {
	name, date, ok := strings.Cut(value, ";")
	if !ok {
		return nil
	}
	a, err := address.Parse(strings.TrimSpace(name))
	if err != nil {
		return nil
	}
	since, err := message.ParseDate(date)
	if err != nil {
		return nil
	}
	for _, r := range s.rcpt {
		if r.opts.ValidSince.IsZero() && r.path.Address.Canonical() == a.Canonical() && inbound.HasChanged(r.found, since) {
			return refusal(inbound.RefuseOwnerChanged)
		}
	}
	return nil
}
