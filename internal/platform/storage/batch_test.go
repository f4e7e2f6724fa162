package storage

import (
	"bytes"
	"errors"
	"testing"
)

// upper is a BlobSource whose encoding can be told from the content.
type upper struct{ last BlobID }

func (u *upper) NextID() BlobID                 { u.last++; return u.last }
func (u *upper) Encode(content []byte) [][]byte { return [][]byte{bytes.ToUpper(content)} }

// TestBatchKeepsItsOperations makes the arena grow under earlier operations.
func TestBatchKeepsItsOperations(t *testing.T) {
	t.Parallel()
	b := NewBatch(&upper{})
	key := make([]byte, 100)
	for i := range 200 {
		key[0] = byte(i)
		b.Set(key, key[:50])
	}
	if b.Size() != 200*150 || b.Err() != nil {
		t.Fatalf("size %d, %v", b.Size(), b.Err())
	}
	for i, op := range b.Ops() {
		if op.Kind != OpSet || op.Key[0] != byte(i) || len(op.Key) != 100 || len(op.Value) != 50 {
			t.Fatalf("operation %d: %d %x", i, op.Kind, op.Key[:1])
		}
	}
}

func TestBatchEncodesBlobs(t *testing.T) {
	t.Parallel()
	b := NewBatch(&upper{})
	if !b.Empty() {
		t.Error("a new batch is not empty")
	}
	first, second := b.AppendBlob([]byte("one")), b.AppendBlob([]byte("three"))
	if first == second || b.Size() != 8 || b.Empty() {
		t.Errorf("blobs %d and %d, size %d", first, second, b.Size())
	}
	if op := b.Ops()[1]; op.Blob != second || op.Size != 5 || string(op.Stored[0]) != "THREE" {
		t.Errorf("operation %+v", op)
	}
}

func TestBatchRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		build func(*Batch)
		want  error
	}{
		{"long key", func(b *Batch) { b.Delete(make([]byte, MaxKeySize+1)) }, ErrTooLarge},
		{"long value", func(b *Batch) { b.Set(nil, make([]byte, MaxValueSize+1)) }, ErrTooLarge},
		{"large blob", func(b *Batch) { b.AppendBlob(make([]byte, MaxBatchSize+1)) }, ErrTooLarge},
		{"reserved key", func(b *Batch) { b.Set([]byte{FirstReserved}, nil) }, ErrReserved},
		{"reserved range", func(b *Batch) { b.DeleteRange(nil, []byte{FirstReserved, 0}) }, ErrReserved},
		{"range up to the reserved", func(b *Batch) { b.DeleteRange(nil, []byte{FirstReserved}) }, nil},
		{"limits", func(b *Batch) { b.Set(make([]byte, MaxKeySize), make([]byte, MaxValueSize)) }, nil},
	}
	for _, tt := range tests {
		b := NewBatch(&upper{})
		tt.build(b)
		if err := b.Err(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
