package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// messageFeatures are those about making, naming and showing messages.
const messageFeatures = imapserver.FeatureBinary | imapserver.FeatureCatenate | imapserver.FeatureReplace |
	imapserver.FeatureURLAuth | imapserver.FeaturePreview

// replaceRights are those that STORE and EXPUNGE need (RFC 8508 §4.1).
const replaceRights = imap.RightDeleteMsgs | imap.RightExpunge

// Replace puts a message in the place of another (RFC 8508).
func (s *session) Replace(ctx context.Context, set imap.NumSet, mailbox string, msgs *imapserver.AppendReader) (*imap.AppendData, error) {
	if s.view.readOnly {
		return nil, errReadOnly
	}
	if _, err := s.view.permit(ctx, replaceRights); err != nil {
		return nil, err
	}
	uids, err := s.view.resolve(set)
	if err != nil {
		return nil, err
	}
	if uids = uids.Intersect(s.view.told.UIDSet()); len(uids) == 0 {
		return nil, errNoSuchMessage
	}
	to, err := s.destination(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	batch, err := s.read(ctx, nil, msgs) // what goes makes room
	defer discard(batch)
	if err != nil {
		return nil, translate(err)
	}
	m := batch[0]
	m.Flags = to.rights.Changeable(m.Flags)
	data, err := s.view.at.account.Replace(ctx, s.view.id, uids.Max(), to.destination(), m)
	return data, translateDest(err)
}

var errNoSuchMessage = imap.No(imap.CodeNonExistent, "No such message")

// encodeBinary returns a message without NUL octets, in the place of one that
// may have some (RFC 3516 §4.4): they would have no way to a client that knows
// nothing of BINARY.
func (s *session) encodeBinary(c *mailstore.Content) (*mailstore.Content, error) {
	r, err := c.Open()
	if err != nil {
		c.Discard()
		return nil, err
	}
	defer c.Discard()
	defer r.Close()
	in := s.Mail.NewIngest(s.MessageSize)
	defer in.Discard()
	if err := message.EncodeBinary(in, c.Structure(), r, c.Size()); err != nil {
		return nil, err
	}
	return in.Finish()
}
