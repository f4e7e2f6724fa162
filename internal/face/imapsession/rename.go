package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// Rename renames a mailbox and those below it. In another account that takes
// the right x on the mailbox, and k where it comes to stand (RFC 4314 §4).
func (s *session) Rename(ctx context.Context, from, to string) error {
	source, err := s.locate(ctx, from)
	if err != nil {
		return translate(err)
	}
	if !source.own() {
		if _, err := s.resolve(ctx, from, imap.RightDelete); err != nil {
			return translate(err)
		}
	}
	dest, err := s.newLocation(ctx, to)
	if err != nil {
		return translate(err)
	}
	if source.account.ID() != dest.account.ID() {
		return translate(renameAcross(ctx, source, dest))
	}
	return translate(source.account.RenameBy(ctx, source.by, source.name, dest.name))
}
