package smtpsession

import (
	"context"
	"io"

	"github.com/mailstead/mailstead/smtp"
)

// OpenURL opens a message in a mailbox for BURL of a user (RFC 4468 §3).
func (s *session) OpenURL(ctx context.Context, url string) (io.ReadCloser, error) {
	account, ok := s.account()
	if !ok || s.OpenURLOf == nil {
		return nil, smtp.NewError(554, smtp.EnhancedCode{5, 7, 0}, "Only users may submit by URL")
	}
	content, err := s.OpenURLOf(ctx, account.ID, url)
	if err != nil {
		return nil, replyTo(err)
	}
	return content, nil
}
