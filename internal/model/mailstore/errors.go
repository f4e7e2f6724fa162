package mailstore

import "errors"

// What a caller may have to tell apart. Any other error is unforeseen, and
// temporary; storage.ErrFull passes through.
var (
	// ErrNoAccount says that the account has been deleted.
	ErrNoAccount = errors.New("mailstore: no such account")
	// ErrNoMailbox says that there is no mailbox of that name or id.
	ErrNoMailbox = errors.New("mailstore: no such mailbox")
	// ErrMailboxExists says that a mailbox has the name already.
	ErrMailboxExists = errors.New("mailstore: mailbox exists")
	// ErrNotEmpty says that a mailbox has messages.
	ErrNotEmpty = errors.New("mailstore: mailbox is not empty")
	// ErrBadName says that a mailbox cannot have that name.
	ErrBadName = errors.New("mailstore: bad mailbox name")
	// ErrInbox says that INBOX cannot be created, deleted or renamed onto.
	ErrInbox = errors.New("mailstore: not possible with INBOX")
	// ErrTooMany says that an account has no room for one more mailbox or
	// subscription.
	ErrTooMany = errors.New("mailstore: too many mailboxes")
	// ErrTooManyKeywords says that a mailbox has no room for one more keyword.
	ErrTooManyKeywords = errors.New("mailstore: too many keywords")
	// ErrBadEntry says that no annotation can have that name.
	ErrBadEntry = errors.New("mailstore: not a name for an annotation")
	// ErrAnnotationTooLarge says that a value exceeds Options.AnnotationSize.
	ErrAnnotationTooLarge = errors.New("mailstore: annotation too large")
	// ErrTooManyAnnotations says that there is no room for an annotation.
	ErrTooManyAnnotations = errors.New("mailstore: too many annotations")
	// ErrTooManyGrants says that a mailbox's access control list is full.
	ErrTooManyGrants = errors.New("mailstore: too many grants")
	// ErrBadFlag says that a flag cannot be stored.
	ErrBadFlag = errors.New("mailstore: not a flag that can be stored")
	// ErrBadUse says that an attribute is no special use.
	ErrBadUse = errors.New("mailstore: no special use")
	// ErrOverQuota says that the account's quota does not admit the message.
	ErrOverQuota = errors.New("mailstore: over quota")
	// ErrNoMessage says that the message is gone.
	ErrNoMessage = errors.New("mailstore: no such message")
	// ErrTooLarge says that a message exceeds the limit given to NewIngest.
	ErrTooLarge = errors.New("mailstore: message too large")
	// ErrTooOld says that the change log does not reach back that far.
	ErrTooOld = errors.New("mailstore: change log does not reach back that far")
	// ErrUIDsExhausted says that a mailbox has used all 2^32-1 UIDs, or an
	// account all its UIDVALIDITYs or mailbox ids.
	ErrUIDsExhausted = errors.New("mailstore: identifiers used up")
	// ErrCorrupt says that stored bytes are not what this package writes.
	ErrCorrupt = errors.New("mailstore: corrupt data")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("mailstore: closed")
)
