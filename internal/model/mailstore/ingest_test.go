package mailstore_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestIngest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := "Subject: long\r\n\r\n"
	text := head + strings.Repeat("0123456789abcde\n", 40<<10)
	in := f.store.NewIngest(int64(len(text)))
	for rest := text; rest != ""; {
		n := min(len(rest), 4096)
		_, err := io.WriteString(in, rest[:n])
		f.check(err)
		rest = rest[n:]
	}
	if in.Size() != int64(len(text)) {
		t.Errorf("size is %d", in.Size())
	}
	c, err := in.Finish()
	f.check(err)
	in.Discard()
	defer c.Discard()
	twin, err := c.Duplicate()
	f.check(err)
	defer twin.Discard()
	if got, err := c.Header(1000); err != nil || string(got) != head {
		t.Errorf("header is %q, %v", got, err)
	}
	if got, err := twin.Header(7); err != nil || string(got) != "Subject" {
		t.Errorf("short header is %q, %v", got, err)
	}
	if c.Size() != int64(len(text)) || c.Structure().Envelope.Subject != "long" {
		t.Errorf("content of %d bytes, %+v", c.Size(), c.Structure().Envelope)
	}
	_, err = f.account.Append(context.Background(), f.box("INBOX").ID, []mailstore.Append{{Content: c}, {Content: twin}})
	f.check(err)
	for _, e := range f.version("INBOX").All() {
		if f.read(e) != text {
			t.Errorf("message %d is not what was appended", e.UID)
		}
	}
}

func TestIngestLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := f.store.NewIngest(10)
	if _, err := in.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := in.Write([]byte("678901")); !errors.Is(err, mailstore.ErrTooLarge) {
			t.Errorf("beyond the limit: %v", err)
		}
	}
	if _, err := in.Finish(); !errors.Is(err, mailstore.ErrTooLarge) {
		t.Errorf("finish beyond the limit: %v", err)
	}
	in.Discard()
}

// TestLargeMultiappend appends more at once than a batch can hold.
func TestLargeMultiappend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text := "Subject: x\r\n\r\n" + strings.Repeat("x", 250<<10)
	messages := make([]mailstore.Append, 24)
	for i := range messages {
		messages[i] = mailstore.Append{Content: f.content(text)}
		defer messages[i].Content.Discard()
	}
	f.engine.FailCommits(1, storage.ErrConflict)
	data, err := f.account.Append(context.Background(), f.box("INBOX").ID, messages)
	f.check(err)
	if data.UIDs.String() != "1:24" {
		t.Errorf("UIDs are %v", data.UIDs)
	}
	for _, e := range f.version("INBOX").All() {
		if f.read(e) != text {
			t.Errorf("message %d is not what was appended", e.UID)
		}
	}
}
