package submission

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/message"
)

// Refusals of a submission.
var (
	// ErrSender says that the user may not use an address as the sender.
	ErrSender = errors.New("submission: not the user's address")
	// ErrNoFrom says that a message has no From field that can be read
	// (RFC 6409 §6.1 asks for a valid one).
	ErrNoFrom = errors.New("submission: no usable From field")
)

// A SenderError is an ErrSender that tells which address it is.
type SenderError struct{ Address address.Address }

// Error implements error.
func (e *SenderError) Error() string { return ErrSender.Error() + ": " + e.Address.String() }

// Unwrap returns ErrSender.
func (e *SenderError) Unwrap() error { return ErrSender }

// A Clerk checks and completes submissions.
type Clerk struct {
	Directory *directory.Directory
	Hostname  string
	Now       func() time.Time
}

// CheckSender returns ErrSender if an account may not use the address in
// MAIL FROM.
func (c *Clerk) CheckSender(ctx context.Context, id directory.AccountID, a address.Address) error {
	ok, err := c.Directory.MayUse(ctx, id, a)
	if err != nil {
		return err
	}
	if !ok {
		return &SenderError{a}
	}
	return nil
}

// CheckHeader returns ErrNoFrom if the header has no From, or ErrSender if it
// names an author, or a sender, that the account may not use.
func (c *Clerk) CheckHeader(ctx context.Context, id directory.AccountID, header message.Header) error {
	from := header.Values("From")
	if len(from) != 1 {
		return fmt.Errorf("%w: %d From fields", ErrNoFrom, len(from))
	}
	fields := append(from, header.Values("Sender")...)
	for _, value := range fields {
		mailboxes, err := message.ParseMailboxes(value)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoFrom, err)
		}
		for _, m := range mailboxes {
			if err := c.checkMailbox(ctx, id, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Clerk) checkMailbox(ctx context.Context, id directory.AccountID, m message.Address) error {
	a, err := address.Parse(m.Addr())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoFrom, err)
	}
	return c.CheckSender(ctx, id, a)
}

// Complete returns the fields that a message lacks, to be put in front of it.
func (c *Clerk) Complete(header message.Header) []byte {
	var b []byte
	if _, ok := header.Get("Date"); !ok {
		b = append(b, "Date: "+message.FormatDate(c.Now())+"\r\n"...)
	}
	if _, ok := header.Get("Message-ID"); !ok {
		b = append(b, "Message-ID: <"+strings.ToLower(rand.Text())+"@"+c.Hostname+">\r\n"...)
	}
	return b
}
