package smtpsession

import (
	"errors"

	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/flow/submission"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/smtp"
)

// refusal returns the reply to a recipient that is not accepted, nil for one
// that is.
func refusal(v inbound.Verdict) error {
	switch v {
	case inbound.RefuseRelay:
		return smtp.NewError(550, smtp.EnhancedCode{5, 7, 1}, "Relaying denied")
	case inbound.RefuseNobody:
		return smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "No such user here")
	case inbound.RefuseDisabled:
		return smtp.NewError(550, smtp.EnhancedCode{5, 2, 1}, "Mailbox disabled")
	case inbound.DeferOverQuota:
		return smtp.NewError(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox full")
	case inbound.DeferRate:
		return smtp.NewError(450, smtp.EnhancedCode{4, 2, 1}, "Mailbox gets too much mail at the moment, try again later")
	case inbound.RefuseOwnerChanged:
		return smtp.NewError(550, smtp.EnhancedCode{5, 7, 17}, "Mailbox owner has changed")
	}
	return nil
}

// errSolicitation refuses a class of solicitation (RFC 3865 §4.4).
func errSolicitation(keyword string) error {
	return smtp.NewError(550, smtp.EnhancedCode{5, 7, 1}, "Solicitation of the class "+keyword+" is not wanted here")
}

// errDisabled refuses a user (RFC 4954 §6).
var errDisabled = smtp.NewError(550, smtp.EnhancedCode{5, 7, 13}, "User account disabled")

// translations are the failures of flows and models that a client is told of.
var translations = []struct {
	err   error
	reply *smtp.Error
}{
	{imapurl.ErrRefused, smtp.NewError(554, smtp.EnhancedCode{5, 6, 6}, "IMAP URL resolution failed")},
	{message.ErrBinary, smtp.NewError(554, smtp.EnhancedCode{5, 6, 3}, "Message has binary octets where they cannot be encoded")},
	{submission.ErrNoFrom, smtp.NewError(554, smtp.EnhancedCode{5, 6, 0}, "Message needs one From field with a valid address")},
	{mailstore.ErrOverQuota, smtp.NewError(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox full")},
	{mailstore.ErrTooLarge, smtp.NewError(552, smtp.EnhancedCode{5, 3, 4}, "Message too big")},
	{storage.ErrFull, smtp.NewError(452, smtp.EnhancedCode{4, 3, 1}, "Insufficient system storage")},
	{storage.ErrBusy, smtp.NewError(451, smtp.EnhancedCode{4, 3, 2}, "Server is busy, please try again later")},
}

// replyTo turns a failure into what the client is told. All others stay as
// they are: the engine answers 451 4.3.0.
func replyTo(err error) error {
	var over *submission.OverRateError
	if errors.As(err, &over) {
		return smtp.NewError(450, smtp.EnhancedCode{4, 7, 1}, over.Public()).WithCause(err)
	}
	var sender *submission.SenderError
	if errors.As(err, &sender) {
		text := "You may not send as " + sender.Address.String() + ", its mail does not come to your account"
		return smtp.NewError(550, smtp.EnhancedCode{5, 7, 1}, text).WithCause(err)
	}
	for _, t := range translations {
		if errors.Is(err, t.err) {
			return t.reply.WithCause(err)
		}
	}
	return err
}
