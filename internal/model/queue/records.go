package queue

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// encode makes the value of a record. The types of this package have nothing
// that JSON can not express.
func encode(record any) []byte {
	value, err := json.Marshal(record)
	if err != nil {
		panic(fmt.Sprintf("queue: record can not be encoded: %v", err))
	}
	return value
}

func decode(value []byte, record any) error {
	if err := json.Unmarshal(value, record); err != nil {
		return fmt.Errorf("queue: %w: %v", storage.ErrCorrupt, err)
	}
	return nil
}

// readMessage returns ErrNotFound if there is none.
func readMessage(r storage.Reader, id ID) (Message, error) {
	value, err := r.Get(nil, messageKey(id))
	if errors.Is(err, storage.ErrNotFound) {
		return Message{}, ErrNotFound
	}
	if err != nil {
		return Message{}, err
	}
	m := Message{ID: id}
	return m, decode(value, &m)
}

// readRecipient returns ErrNotFound if there is none, and otherwise also the
// record as it is stored, to assert it.
func readRecipient(r storage.Reader, id ID, index uint32) (Recipient, []byte, error) {
	value, err := r.Get(nil, recipientKey(id, index))
	return decodeRecipient(index, value, err)
}

// decodeRecipient makes a recipient of what a reader has returned.
func decodeRecipient(index uint32, value []byte, err error) (Recipient, []byte, error) {
	if errors.Is(err, storage.ErrNotFound) {
		return Recipient{}, nil, ErrNotFound
	}
	if err != nil {
		return Recipient{}, nil, err
	}
	rcpt := Recipient{Index: index}
	return rcpt, value, decode(value, &rcpt)
}

// read reads a recipient of a Work again, as readRecipient does. Nearly always
// it is as the lease has written it, and need not be decoded.
func (w *Work) read(r storage.Reader, i int) (Recipient, []byte, error) {
	known := &w.Recipients[i]
	value, err := r.Get(nil, recipientKey(w.Message.ID, known.Index))
	if err == nil && bytes.Equal(value, w.stored[i]) {
		return *known, value, nil
	}
	return decodeRecipient(known.Index, value, err)
}

// number makes a value of a counter or a token.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func readLeft(r storage.Reader, id ID) (uint64, error) {
	value, err := r.Get(nil, leftKey(id))
	if err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, fmt.Errorf("queue: %w: counter of recipients", storage.ErrCorrupt)
	}
	return binary.BigEndian.Uint64(value), nil
}
