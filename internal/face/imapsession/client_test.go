package imapsession_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
)

// TestClientMetadata sets and reads annotations with our own client.
func TestClientMetadata(t *testing.T) {
	t.Parallel()
	c := start(t).IMAPClient(ann, imapclient.Options{})
	ctx := t.Context()
	err := c.SetMetadata(ctx, "INBOX",
		imap.Annotation{Entry: "/private/comment", Value: []byte("two\r\nlines")},
		imap.Annotation{Entry: "/private/vendor/x/y", Value: []byte("\x00")},
		imap.Annotation{Entry: "/shared/comment", Value: bytes.Repeat([]byte("x"), 2000)})
	if err != nil {
		t.Fatal(err)
	}
	list, longest, err := c.Metadata(ctx, "INBOX", imapclient.MetadataOptions{Depth: -1, MaxSize: 100}, "/private", "/shared")
	if err != nil || longest != 2000 || len(list) != 2 || string(list[0].Value) != "two\r\nlines" || string(list[1].Value) != "\x00" {
		t.Errorf("annotations are %q, the longest has %d, %v", list, longest, err)
	}
	if err := c.SetMetadata(ctx, "INBOX", imap.Annotation{Entry: "/private/comment"}); err != nil {
		t.Fatal(err)
	}
	list, _, err = c.Metadata(ctx, "INBOX", imapclient.MetadataOptions{}, "/private/comment")
	if err != nil || len(list) != 1 || list[0].Value != nil {
		t.Errorf("a removed annotation is %q, %v", list, err)
	}
}

// TestClientNotify has our own client hear of everything while it idles.
func TestClientNotify(t *testing.T) {
	t.Parallel()
	s := start(t)
	heard := make(chan imapclient.Update, 100)
	c := s.IMAPClient(ann, imapclient.Options{Update: func(u imapclient.Update) { heard <- u }})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err := c.Notify(ctx, &imap.NotifyOptions{
		Selected: imap.MessageEvents, New: &imap.FetchOptions{Items: imap.FetchUID},
		Groups: []imap.NotifyGroup{
			{Scope: imap.NotifyMailboxes, Mailboxes: []string{"Sent"}, Events: imap.MessageEvents},
			{Scope: imap.NotifyPersonal, Events: imap.EventMailboxName | imap.EventMailboxMetadataChange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	idle, end := context.WithCancel(ctx)
	idled := make(chan error)
	go func() { idled <- c.Idle(idle) }()
	other := s.IMAP(ann)
	other.OK("CREATE New")
	if u := <-heard; u.List == nil || u.List.Mailbox != "New" {
		t.Errorf("the client hears %+v", u)
	}
	other.OK(hello("Sent"))
	if u := <-heard; u.Status == nil || u.Status.Mailbox != "Sent" || u.Status.Data.Messages != 1 {
		t.Errorf("the client hears %+v", u)
	}
	other.OK(`SETMETADATA New (/shared/comment "x")`)
	if u := <-heard; u.Metadata == nil || u.Metadata.Mailbox != "New" || u.Metadata.Entries[0] != "/shared/comment" {
		t.Errorf("the client hears %+v", u)
	}
	end()
	if err := <-idled; err != nil {
		t.Error(err)
	}
	if err := c.Notify(ctx, nil); err != nil {
		t.Error(err)
	}
}
