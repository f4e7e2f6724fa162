package pop3session

import (
	"errors"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/pop3"
)

// What clients are told.
const (
	textInUse     = "Maildrop is open in another session"
	textTooEarly  = "Too soon after the last login"
	textGone      = "Message has been removed by another session"
	textFull      = "No space left"
	textNoAccount = "Account has been removed"
	textNoMailbox = "The mailbox for POP3 does not exist"
	textDamaged   = "Stored data is damaged"
	textNeedsUTF8 = "Message needs UTF-8 mode"
)

// Translations returns what clients are told, by language tag, for the engine.
func Translations() map[string]map[string]string {
	return map[string]map[string]string{"de": {
		textInUse:     "Postfach ist in einer anderen Sitzung geöffnet",
		textTooEarly:  "Zu kurz nach der letzten Anmeldung",
		textGone:      "Nachricht wurde von einer anderen Sitzung entfernt",
		textFull:      "Kein Speicherplatz mehr",
		textNoAccount: "Konto wurde entfernt",
		textNoMailbox: "Das Postfach für POP3 gibt es nicht",
		textDamaged:   "Gespeicherte Daten sind beschädigt",
		textNeedsUTF8: "Nachricht braucht den UTF-8-Modus",
	}}
}

// translate turns an error of the store into what the client is told. Others
// stay as they are: the engine answers [SYS/TEMP].
func translate(err error) error {
	switch {
	case errors.Is(err, retrieval.ErrInUse):
		return &pop3.Error{Code: pop3.CodeInUse, Text: textInUse}
	case errors.Is(err, retrieval.ErrTooEarly):
		return &pop3.Error{Code: pop3.CodeLoginDelay, Text: textTooEarly}
	case errors.Is(err, mailstore.ErrNoMessage):
		return &pop3.Error{Text: textGone}
	case errors.Is(err, storage.ErrFull):
		return &pop3.Error{Code: pop3.CodeTemporary, Text: textFull, Err: err}
	case errors.Is(err, mailstore.ErrNoAccount):
		return &pop3.Error{Code: pop3.CodePermanent, Text: textNoAccount}
	case errors.Is(err, mailstore.ErrNoMailbox):
		return &pop3.Error{Code: pop3.CodePermanent, Text: textNoMailbox, Err: err}
	case errors.Is(err, storage.ErrDamaged): // of which the store's log tells
		return &pop3.Error{Code: pop3.CodePermanent, Text: textDamaged}
	case errors.Is(err, mailstore.ErrCorrupt), errors.Is(err, storage.ErrCorrupt):
		return &pop3.Error{Code: pop3.CodePermanent, Text: textDamaged, Err: err}
	}
	return err
}
