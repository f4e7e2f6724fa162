package mailstore

import (
	"context"
	"errors"
	"io"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// A Reader reads a message at any offset. ReadAt may be called concurrently.
type Reader interface {
	io.ReaderAt
	// WriteTo writes the whole message, as often as it is called, without a
	// copy of what is in memory. The writer must not change what it is given.
	// It must not be called beside other methods.
	io.WriterTo
	io.Closer
	// Size is the number of octets of the message.
	Size() int64
	// Check looks for damage in n octets from an offset on, before they are
	// announced to a client.
	Check(offset, n int64) error
}

// A Message is the stored content of a message. It stays valid when the
// message is expunged, until CollectOrphans takes the content.
type Message struct {
	store   storage.Store
	id      RecordID
	record  record
	decoder *message.StructureDecoder // of a MessageReader, else nil
	reader  *MessageReader            // that returned it, else nil
}

// Message returns the content of a message, also of one that has been expunged
// since the Entry was made. It returns ErrNoMessage if it is gone altogether.
func (a *Account) Message(ctx context.Context, e Entry) (*Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stored, err := a.store.storage.Get(nil, recordKey(a.id, e.Record()))
	if err != nil {
		return nil, absent(err)
	}
	m := &Message{store: a.store.storage, id: e.Record()}
	return m, m.record.parse(stored)
}

// Size returns the octets of the message, prefix included.
func (m *Message) Size() int64 { return m.record.size() }

// Prefix returns the header fields that stand in front of the content that the
// recipients share. Do not change.
func (m *Message) Prefix() []byte { return m.record.prefix }

// Envelope returns the envelope, without reading the part tree.
func (m *Message) Envelope() (*message.Envelope, error) {
	if len(m.record.structure) > 0 {
		return m.decoding().Envelope(m.record.structure)
	}
	s, err := m.scan()
	if err != nil {
		return nil, err
	}
	return s.Envelope, nil
}

// Structure returns envelope and part tree. Offsets count from the start of
// the message, as Open reads it. The result is the caller's; of a message of a
// MessageReader only until the next one is read, or another form of this one.
func (m *Message) Structure() (*message.Structure, error) {
	return m.decode(m.decoding().Structure)
}

// Parts is Structure for who needs only the part tree: the envelope of the
// message itself may be nil.
func (m *Message) Parts() (*message.Structure, error) {
	return m.decode(m.decoding().Parts)
}

func (m *Message) decoding() *message.StructureDecoder {
	if m.decoder != nil {
		return m.decoder
	}
	return new(message.StructureDecoder)
}

func (m *Message) decode(by func([]byte) (*message.Structure, error)) (*message.Structure, error) {
	s, err := m.blobStructure(by)
	if err != nil {
		return nil, err
	}
	if n := int64(len(m.record.prefix)); n > 0 {
		s.Shift(n)
	}
	return s, nil
}

func (m *Message) blobStructure(by func([]byte) (*message.Structure, error)) (*message.Structure, error) {
	if len(m.record.structure) > 0 {
		return by(m.record.structure)
	}
	return m.scan()
}

// scan makes the structure of a message again whose structure was too long to
// be stored.
func (m *Message) scan() (*message.Structure, error) {
	blob, err := m.openBlob()
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	scanner := message.NewScanner(message.Limits{})
	if _, err := io.Copy(scanner, io.NewSectionReader(blob, 0, blob.Size())); err != nil {
		return nil, err
	}
	return scanner.Finish(), nil
}

// Open opens the whole message for reading.
func (m *Message) Open() (Reader, error) {
	blob, err := m.openNext()
	if err != nil {
		return nil, err
	}
	if len(m.record.prefix) == 0 {
		return blob, nil
	}
	return &withPrefix{prefix: m.record.prefix, blob: blob}, nil
}

// openNext opens the blob, with the reader's help if there is one.
func (m *Message) openNext() (storage.Blob, error) {
	if m.reader == nil {
		return m.openBlob()
	}
	blob, err := m.reader.openBlob(m.record.blob)
	return blob, absent(err)
}

func (m *Message) openBlob() (storage.Blob, error) {
	blob, err := m.store.OpenBlob(m.record.blob)
	return blob, absent(err)
}

// absent says that a message is gone if its record or its blob is.
func absent(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return ErrNoMessage
	}
	return err
}

// withPrefix reads a prefix and then a blob.
type withPrefix struct {
	prefix []byte
	blob   storage.Blob
}

func (r *withPrefix) Size() int64  { return int64(len(r.prefix)) + r.blob.Size() }
func (r *withPrefix) Close() error { return r.blob.Close() }

// Check implements [Reader].
func (r *withPrefix) Check(offset, n int64) error {
	prefix := int64(len(r.prefix))
	end := max(offset+n-prefix, 0)
	start := max(offset-prefix, 0)
	return r.blob.Check(start, end-start)
}

// WriteTo implements [io.WriterTo].
func (r *withPrefix) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(r.prefix)
	if err != nil {
		return int64(n), err
	}
	m, err := r.blob.WriteTo(w)
	return int64(n) + m, err
}

func (r *withPrefix) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errors.New("mailstore: negative offset")
	}
	n := 0
	if offset < int64(len(r.prefix)) {
		n = copy(p, r.prefix[offset:])
		if n == len(p) {
			return n, nil
		}
	}
	m, err := r.blob.ReadAt(p[n:], offset+int64(n)-int64(len(r.prefix)))
	return n + m, err
}
