package smtpserver

import (
	"strconv"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

var (
	errHoldTooLong = smtp.NewError(501, codeArguments, "Message cannot be held for so long")
	errByTooSoon   = smtp.NewError(501, codeArguments, "Cannot promise to deliver within so short a time")
)

// seconds writes a duration as an extension's parameter, nothing for none.
func seconds(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}

// futureRelease returns the parameters of FUTURERELEASE: for how long at most,
// and until when (RFC 4865 §3).
func futureRelease(longest time.Duration) string {
	until := time.Now().Add(longest).UTC().Truncate(time.Second)
	return seconds(longest) + " " + until.Format(time.RFC3339)
}

// checkTimes holds the times that MAIL asks for against what was announced.
func (s *Services) checkTimes(opts *smtp.MailOptions) error {
	now := time.Now()
	if opts.HeldUntil(now).Sub(now) > s.FutureRelease {
		return errHoldTooLong
	}
	if opts.By.Mode == smtp.ByReturn && opts.By.Within < s.MinByTime {
		return errByTooSoon
	}
	return nil
}
