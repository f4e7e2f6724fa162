package imapsession

import (
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// translations are the errors that a client is told of, each with what it is
// told. All others stay as they are: the engine answers NO [SERVERBUG].
var translations = []struct {
	err  error
	code imap.Code
	text string
}{
	{mailstore.ErrNoMailbox, imap.CodeNonExistent, "No such mailbox"},
	{mailstore.ErrMailboxExists, imap.CodeAlreadyExists, "Mailbox exists already"},
	{mailstore.ErrBadName, imap.CodeCannot, "Not a name for a mailbox"},
	{mailstore.ErrInbox, imap.CodeCannot, "Not possible with INBOX"},
	{mailstore.ErrTooMany, imap.CodeLimit, "Too many mailboxes"},
	{mailstore.ErrTooManyAnnotations, imap.CodeMetadataTooMany, "No room for more annotations"},
	{mailstore.ErrTooManyKeywords, imap.CodeLimit, "Too many keywords in this mailbox"},
	{mailstore.ErrTooManyGrants, imap.CodeLimit, "Access control list is full"},
	{mailstore.ErrBadFlag, imap.CodeCannot, "Not a flag that can be stored"},
	{mailstore.ErrBadUse, imap.CodeUseAttr, "No such special use"},
	{mailstore.ErrOverQuota, imap.CodeOverQuota, "Over quota"},
	{mailstore.ErrTooLarge, imap.CodeTooBig, "Message too large"},
	{message.ErrBinary, imap.CodeUnknownCTE, "Message has a NUL where it cannot be encoded"},
	{imapurl.ErrRefused, imap.CodeCannot, "URL means nothing here"},
	{mailstore.ErrUIDsExhausted, imap.CodeLimit, "Mailbox has used up its UIDs"},
	{storage.ErrFull, imap.CodeUnavailable, "No space left, try again later"},
	{storage.ErrBusy, imap.CodeUnavailable, "Server is busy, try again later"},
	{storage.ErrClosed, imap.CodeUnavailable, "Server is stopping"},
	{mailstore.ErrClosed, imap.CodeUnavailable, "Server is stopping"},
	{mailstore.ErrCorrupt, imap.CodeCorruption, "Stored data is damaged"},
	{storage.ErrCorrupt, imap.CodeCorruption, "Stored data is damaged"},
}

// translate turns an error of the store into what the client is told.
func translate(err error) error {
	if errors.Is(err, mailstore.ErrNoAccount) {
		return &imap.Error{Type: imap.StatusBye, Text: "Account has been removed", Err: err}
	}
	for _, t := range translations {
		if errors.Is(err, t.err) {
			return &imap.Error{Type: imap.StatusNo, Code: t.code, Text: t.text, Err: err}
		}
	}
	return err
}

// translateDest is translate for the mailbox that a command puts messages
// into: the client is told that it may create it (RFC 9051 §6.3.12).
func translateDest(err error) error {
	if errors.Is(err, mailstore.ErrNoMailbox) {
		return &imap.Error{Type: imap.StatusNo, Code: imap.CodeTryCreate, Text: "No such mailbox", Err: err}
	}
	return translate(err)
}
