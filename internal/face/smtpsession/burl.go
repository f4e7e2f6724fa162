package smtpsession

import (
	"context"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/smtp"
)

// OpenURL opens a message in a mailbox for BURL of a user (RFC 4468 §3).
func (s *session) OpenURL(ctx context.Context, url string) (io.ReadCloser, error) {
	account, ok := s.account()
	if !ok {
		return nil, smtp.NewError(554, smtp.EnhancedCode{5, 7, 0}, "Only users may submit by URL")
	}
	u, err := imap.ParseURL(url)
	if err != nil {
		return nil, smtp.NewError(501, smtp.EnhancedCode{5, 5, 4}, "Not an IMAP URL").WithCause(err)
	}
	content, err := s.URLs.Open(ctx, u, imapurl.Reader{Account: account.ID, Submission: true})
	if err != nil {
		return nil, replyTo(err)
	}
	return content, nil
}
