package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A ServerMetadata is what clients are told of the server itself (RFC 5464
// §3.2.1.1). Empty values are NIL.
type ServerMetadata struct {
	Comment string // text
	Admin   string // a URI
}

var errServerShared = imap.No(imap.CodeNoPerm, "Shared annotations of the server are its operator's")

// Metadata returns annotations of a mailbox, or of the server.
func (s *session) Metadata(ctx context.Context, mailbox string, entries []string, depth int) ([]imap.Annotation, error) {
	var list []imap.Annotation
	var err error
	if mailbox == "" {
		list, err = s.serverMetadata(ctx)
	} else {
		list, err = s.mailboxMetadata(ctx, mailbox)
	}
	if err != nil {
		return nil, translate(err)
	}
	return named(list, entries, depth), nil
}

// named returns those of list that one of entries means, in their order.
func named(list []imap.Annotation, entries []string, depth int) []imap.Annotation {
	var out []imap.Annotation
	taken := make(map[string]bool)
	for _, top := range entries {
		for _, one := range list {
			levels, below := imap.EntryDepth(top, one.Entry)
			if below && (depth < 0 || levels <= depth) && !taken[one.Entry] {
				taken[one.Entry] = true
				out = append(out, one)
			}
		}
	}
	return out
}

func (s *session) serverMetadata(ctx context.Context) ([]imap.Annotation, error) {
	var list []imap.Annotation
	for _, one := range []struct{ entry, value string }{
		{imap.EntrySharedComment, s.Server.Comment}, {imap.EntrySharedAdmin, s.Server.Admin},
	} {
		if one.value != "" {
			list = append(list, imap.Annotation{Entry: one.entry, Value: []byte(one.value)})
		}
	}
	own, err := s.account.Annotations(ctx, 0, s.account.ID())
	return append(list, own...), err
}

func (s *session) mailboxMetadata(ctx context.Context, mailbox string) ([]imap.Annotation, error) {
	t, err := s.annotated(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	return s.annotations(ctx, t)
}

// annotated finds the mailbox of a command about annotations: it takes the
// right l, and one of those to do something with messages (RFC 5464 §3.3).
func (s *session) annotated(ctx context.Context, mailbox string) (*target, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightLookup)
	if err == nil && !t.annotatable() {
		err = errNoPerm
	}
	return &t, err
}

func (t *target) annotatable() bool {
	const one = imap.RightRead | imap.RightSeen | imap.RightWrite | imap.RightInsert | imap.RightPost
	return t.rights.Has(imap.RightLookup) && t.rights.HasAny(one)
}

// annotations returns those of a mailbox, its special uses among them
// (RFC 6154 §4).
func (s *session) annotations(ctx context.Context, t *target) ([]imap.Annotation, error) {
	list, err := t.account.Annotations(ctx, t.box.ID, t.by)
	if uses := t.specialUse(); len(uses) > 0 {
		list = append(list, imap.Annotation{Entry: imap.EntrySpecialUse, Value: usesValue(uses)})
	}
	return list, err
}

func usesValue(uses []imap.MailboxAttr) []byte {
	var words []string
	for _, use := range uses {
		words = append(words, string(use))
	}
	return []byte(strings.Join(words, " "))
}

// SetMetadata sets annotations of a mailbox, or of the server.
func (s *session) SetMetadata(ctx context.Context, mailbox string, list []imap.Annotation) error {
	if mailbox == "" {
		shared := func(one imap.Annotation) bool { return imap.IsSharedEntry(one.Entry) }
		if slices.ContainsFunc(list, shared) {
			return errServerShared
		}
		return s.annotate(ctx, s.ownLocation(""), 0, list)
	}
	t, err := s.annotated(ctx, mailbox)
	if err != nil {
		return translate(err)
	}
	special := func(one imap.Annotation) bool { return one.Entry == imap.EntrySpecialUse }
	if !t.own() && slices.ContainsFunc(list, special) {
		return errNoPerm // the uses are those of the owner
	}
	return s.annotate(ctx, t.location, t.box.ID, list)
}

func (s *session) annotate(ctx context.Context, at location, id mailstore.MailboxID, list []imap.Annotation) error {
	_, err := at.account.Annotate(ctx, id, at.by, list)
	if errors.Is(err, mailstore.ErrAnnotationTooLarge) {
		code := imap.CodeMetadataMaxSize(s.account.MaxAnnotationSize())
		return &imap.Error{Type: imap.StatusNo, Code: code, Text: "Value is too large", Err: err}
	}
	return translate(err)
}

// listMetadata returns what LIST tells of a mailbox (RFC 9590 §3).
func (s *session) listMetadata(ctx context.Context, t *target, entries []string) ([]imap.Annotation, error) {
	list, err := s.annotations(ctx, t)
	if err != nil {
		return nil, translate(err)
	}
	if list = named(list, entries, 0); list == nil {
		list = []imap.Annotation{}
	}
	return list, nil
}
