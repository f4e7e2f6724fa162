package imapsession

import (
	"context"
	"errors"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Append stores the messages of an APPEND, all or none (RFC 3502).
func (s *session) Append(ctx context.Context, mailbox string, msgs *imapserver.AppendReader) (*imap.AppendData, error) {
	to, err := s.destination(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	batch, err := s.read(ctx, &to, msgs)
	defer discard(batch)
	if err != nil {
		return nil, translate(err)
	}
	for i := range batch {
		batch[i].Flags = to.rights.Changeable(batch[i].Flags)
	}
	data, err := to.account.Append(ctx, to.box.ID, batch)
	return data, translateDest(err)
}

const (
	// maxInMemory bounds what the messages of one APPEND take in memory
	// together; the others go to the disk.
	maxInMemory = 1 << 20
	// maxHeld bounds what all messages of one APPEND may hold: each takes at
	// least messageCost, and one on the disk up to spillCost and an open file.
	maxHeld     = 8 << 20
	messageCost = 4 << 10
	spillCost   = 64 << 10
)

var errTooManyMessages = imap.No(imap.CodeLimit, "Too many messages for one command")

// read takes in all messages of the command. Without a target nobody asks
// beforehand whether there is room for them.
func (s *session) read(ctx context.Context, to *target, msgs *imapserver.AppendReader) ([]mailstore.Append, error) {
	var batch []mailstore.Append
	var inMemory, held, total int64
	for {
		m, err := msgs.Next()
		if errors.Is(err, io.EOF) {
			return batch, nil
		}
		if err != nil {
			return batch, err
		}
		size := m.Size
		if size < 0 {
			size = spillCost // nobody knows yet
		}
		if held += messageCost + min(size, spillCost); held > maxHeld {
			return batch, errTooManyMessages
		}
		// A message that has no room is not transferred at all.
		total += max(m.Size, 0)
		if to != nil {
			if err := to.account.Admit(ctx, int64(len(batch))+1, total); err != nil {
				return batch, err
			}
		}
		content, err := s.ingest(m.Literal)
		if err == nil && m.Binary {
			content, err = s.encodeBinary(content)
		}
		if err != nil {
			return batch, err
		}
		batch = append(batch, mailstore.Append{Content: content, Flags: m.Flags, InternalDate: m.Date})
		if inMemory += content.Size(); inMemory > maxInMemory {
			if err := content.Spill(); err != nil {
				return batch, err
			}
		}
	}
}

func (s *session) ingest(r io.Reader) (*mailstore.Content, error) {
	in := s.Mail.NewIngest(s.MessageSize)
	defer in.Discard()
	if _, err := io.Copy(in, r); err != nil {
		return nil, err
	}
	return in.Finish()
}

func discard(batch []mailstore.Append) {
	for _, m := range batch {
		m.Content.Discard()
	}
}
