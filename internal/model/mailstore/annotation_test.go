package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// annotate sets annotations given as entry and value in turn; the value NIL
// removes.
func (f *fixture) annotate(id mailstore.MailboxID, reader mailstore.AccountID, pairs ...string) error {
	var list []imap.Annotation
	for i := 0; i < len(pairs); i += 2 {
		one := imap.Annotation{Entry: pairs[i]}
		if pairs[i+1] != "NIL" {
			one.Value = []byte(pairs[i+1])
		}
		list = append(list, one)
	}
	_, err := f.account.Annotate(context.Background(), id, reader, list)
	return err
}

func (f *fixture) annotations(id mailstore.MailboxID, reader mailstore.AccountID) string {
	f.t.Helper()
	list, err := f.account.Annotations(context.Background(), id, reader)
	f.check(err)
	var out []string
	for _, one := range list {
		out = append(out, one.Entry+"="+string(one.Value))
	}
	return strings.Join(out, " ")
}

func (f *fixture) wantAnnotations(id mailstore.MailboxID, reader mailstore.AccountID, want string) {
	f.t.Helper()
	if got := f.annotations(id, reader); got != want {
		f.t.Errorf("mailbox %d has for %d the annotations %q, want %q", id, reader, got, want)
	}
}

func TestAnnotate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	inbox := f.box("INBOX").ID
	f.check(f.annotate(inbox, 7, "/private/comment", "mine", "/SHARED/Comment", "ours", "/private/a", ""))
	f.check(f.annotate(inbox, 9, "/private/comment", "theirs"))
	f.check(f.annotate(0, 7, "/private/comment", "of the server"))
	f.reopen()
	f.wantAnnotations(inbox, 7, "/shared/comment=ours /private/a= /private/comment=mine")
	f.wantAnnotations(inbox, 9, "/shared/comment=ours /private/comment=theirs")
	f.wantAnnotations(0, 7, "/private/comment=of the server")
	f.wantAnnotations(0, 9, "")
	f.check(f.annotate(inbox, 7, "/private/a", "NIL", "/private/none", "NIL", "/shared/comment", "1", "/shared/comment", "2"))
	f.wantAnnotations(inbox, 7, "/shared/comment=2 /private/comment=mine")
	value, err := f.account.Annotation(context.Background(), inbox, 9, "/private/comment")
	if f.check(err); string(value) != "theirs" {
		t.Errorf("value is %q", value)
	}
	if value, err = f.account.Annotation(context.Background(), inbox, 9, "/private/none"); value != nil || err != nil {
		t.Errorf("no value is %q, %v", value, err)
	}
}

// TestAnnotationsFollowTheMailbox (RFC 5464 §4.1).
func TestAnnotationsFollowTheMailbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	box, err := f.account.Create(ctx, "one")
	f.check(err)
	f.check(f.annotate(box.ID, 7, "/private/comment", "mine"))
	f.check(f.annotate(box.ID, 9, "/private/comment", "theirs"))
	f.check(f.annotate(f.box("INBOX").ID, 7, "/shared/comment", "inbox"))
	f.check(f.account.Rename(ctx, "one", "two"))
	f.wantAnnotations(f.box("two").ID, 7, "/private/comment=mine")
	f.check(f.account.Delete(ctx, "two"))
	if _, err := f.account.Annotations(ctx, box.ID, 7); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("annotations of no mailbox: %v", err)
	}
	if err := f.annotate(box.ID, 7, "/private/comment", "x"); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("annotate no mailbox: %v", err)
	}
	f.check(f.account.Rename(ctx, "INBOX", "old"))
	f.wantAnnotations(f.box("INBOX").ID, 7, "/shared/comment=inbox")
	f.wantAnnotations(f.box("old").ID, 7, "/shared/comment=inbox")
	if n := f.annotationKeys(); n != 2 {
		t.Errorf("%d annotations are stored, want 2", n)
	}
	f.check(f.store.DeleteAccount(ctx, 7))
	if n := f.annotationKeys(); n != 0 {
		t.Errorf("%d annotations of a deleted account are stored", n)
	}
}

// annotationKeys counts the annotations of the account as stored.
func (f *fixture) annotationKeys() int {
	f.t.Helper()
	n := 0
	f.check(f.engine.Scan(storage.Range{
		Start: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 8}, End: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 9},
	}, func(_, _ []byte) error { n++; return nil }))
	return n
}

func TestAnnotationLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.options.Annotations, f.options.AnnotationSize, f.options.AnnotationBytes = 3, 10, 300
	f.reopen()
	inbox, sent := f.box("INBOX").ID, f.box("Sent").ID
	f.check(f.annotate(inbox, 7, "/private/1", "x", "/private/2", "x", "/private/3", "x"))
	for _, one := range []struct {
		id    mailstore.MailboxID
		pairs []string
		want  error
	}{
		{inbox, []string{"/private/4", "x"}, mailstore.ErrTooManyAnnotations},
		{inbox, []string{"/private/4", "x", "/private/1", "NIL"}, nil},
		{inbox, []string{"/shared/4", "x"}, nil},
		{sent, []string{"/private/1", "0123456789"}, nil},
		{sent, []string{"/private/2", "ok", "/private/1", "0123456789a"}, mailstore.ErrAnnotationTooLarge},
		{sent, []string{"/private/" + strings.Repeat("x", 200), "x"}, mailstore.ErrTooManyAnnotations},
		{sent, []string{"/private", "x"}, mailstore.ErrBadEntry},
		{sent, []string{"/shared/vendor/x", "x"}, mailstore.ErrBadEntry},
		{sent, []string{"/other/x", "x"}, mailstore.ErrBadEntry},
	} {
		if err := f.annotate(one.id, 7, one.pairs...); !errors.Is(err, one.want) {
			t.Errorf("%q: %v, want %v", one.pairs, err, one.want)
		}
	}
	f.wantAnnotations(sent, 7, "/private/1=0123456789")
	f.wantAnnotations(inbox, 7, "/shared/4=x /private/2=x /private/3=x /private/4=x")
}

// TestAnnotationLimitsLower has limits that are below what there is.
func TestAnnotationLimitsLower(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.check(f.annotate(0, 7, "/private/1", "long", "/private/2", "x", "/private/3", "x"))
	f.options.Annotations, f.options.AnnotationBytes = 1, 1
	f.reopen()
	f.check(f.annotate(0, 7, "/private/1", "s", "/private/2", "NIL"))
	f.wantAnnotations(0, 7, "/private/1=s /private/3=x")
}

// TestSpecialUseEntry (RFC 6154 §4).
func TestSpecialUseEntry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	drafts := f.box("Drafts").ID
	for _, one := range []struct {
		reader mailstore.AccountID
		value  string
		want   string
		err    error
	}{
		{7, `\Drafts \sent`, `[\Drafts \Sent]`, nil},
		{7, `\Drafts nonsense`, `[\Drafts \Sent]`, mailstore.ErrBadUse},
		{9, `\Junk`, `[\Drafts \Sent]`, mailstore.ErrBadUse},
		{7, "NIL", "[]", nil},
	} {
		err := f.annotate(drafts, one.reader, "/private/comment", "x", "/private/specialuse", one.value)
		got := fmt.Sprint(f.box("Drafts").SpecialUse)
		if got != one.want || !errors.Is(err, one.err) {
			t.Errorf("%q: %s, %v", one.value, got, err)
		}
	}
	f.check(f.annotate(drafts, 7, "/private/specialuse", `\Sent`))
	if got := f.box("Sent").SpecialUse; len(got) != 0 {
		t.Errorf("Sent still has the uses %v", got)
	}
	f.wantAnnotations(drafts, 7, "/private/comment=x")
	f.wantAnnotations(drafts, 9, "")
}

func TestAnnotationsAreLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tree, err := f.account.Mailboxes(context.Background())
	f.check(err)
	f.check(f.annotate(0, 9, "/private/comment", "x"))
	f.check(f.annotate(0, 9, "/private/comment", "x")) // nothing changes
	f.check(f.annotate(2, 9, "/private/comment", "NIL", "/shared/comment", "x"))
	var got []string
	_, err = f.account.Log(context.Background(), tree.ModSeq(), func(c mailstore.Change) error {
		got = append(got, fmt.Sprintf("%d: %d %s of %d", c.ModSeq-tree.ModSeq(), c.Mailbox, c.Name, c.Reader))
		return nil
	})
	f.check(err)
	want := "1: 0 /private/comment of 9, 2: 2 /shared/comment of 0"
	if strings.Join(got, ", ") != want {
		t.Errorf("the log says %q, want %s", got, want)
	}
}
