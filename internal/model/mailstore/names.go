package mailstore

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mailstead/mailstead/imap"
)

// MaxDepth is how many levels a mailbox name can have.
const MaxDepth = 32

// canonicalName returns the form in which names are stored and compared: NFC
// (RFC 5198 §3), and INBOX in upper case.
func canonicalName(name string) string {
	return imap.CanonicalMailboxName(norm.NFC.String(name), Delimiter)
}

// CheckName returns the form in which a mailbox name is stored, without the
// delimiter that RFC 9051 §6.3.4 admits at its end, or an error that wraps
// ErrBadName.
func CheckName(name string) (string, error) {
	name = strings.TrimSuffix(canonicalName(name), string(Delimiter))
	if err := imap.CheckMailboxName(name, Delimiter); err != nil {
		var refused *imap.Error
		if errors.As(err, &refused) {
			return "", fmt.Errorf("%w: %s", ErrBadName, refused.Text)
		}
		return "", fmt.Errorf("%w: %w", ErrBadName, err)
	}
	if strings.Count(name, string(Delimiter)) >= MaxDepth {
		return "", fmt.Errorf("%w: too many levels", ErrBadName)
	}
	return name, nil
}

// parents returns the names above a canonical name, topmost first.
func parents(name string) []string {
	var out []string
	for i, r := range name {
		if r == Delimiter {
			out = append(out, name[:i])
		}
	}
	return out
}
