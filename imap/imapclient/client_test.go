package imapclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/imap/imaptest"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mail = "From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: one\r\n\r\nHello\r\n"

// dial connects a client to a new server on store.
func dial(t *testing.T, store *imaptest.Store, opts imapclient.Options) *imapclient.Client {
	t.Helper()
	config, _ := wiretest.TLS(t)
	server := imapserver.New(imapserver.Options{
		Backend:           store,
		TLS:               config,
		AllowInsecureAuth: true,
		AuthFailureDelay:  time.Nanosecond,
		Features:          imapserver.FeatureQResync | imapserver.FeatureObjectID | imapserver.FeatureSaveDate,
	})
	near, far := wiretest.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ServeConn(context.Background(), far)
	}()
	c, err := imapclient.New(t.Context(), near, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c
}

// open connects, logs in and selects INBOX.
func open(t *testing.T, store *imaptest.Store, opts imapclient.Options) *imapclient.Client {
	t.Helper()
	c := dial(t, store, opts)
	check(t, c.Login(t.Context(), "alice", "secret"))
	_, err := c.Select(t.Context(), imap.Inbox, imapclient.SelectOptions{})
	check(t, err)
	return c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks that err is a NO or BAD with that code.
func wantCode(t *testing.T, err error, code imap.Code) {
	t.Helper()
	var e *imap.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("error is %v, want %s", err, code)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, config := wiretest.TLS(t)
	c := dial(t, imaptest.New(), imapclient.Options{})
	wantCode(t, c.Login(ctx, "alice", "wrong"), imap.CodeAuthenticationFailed)
	config.InsecureSkipVerify = true
	check(t, c.StartTLS(ctx, config))
	check(t, c.Capability(ctx))
	if c.Has("STARTTLS") || !c.Has("AUTH=PLAIN") {
		t.Fatal("capabilities inside TLS are wrong")
	}
	wantCode(t, c.Authenticate(ctx, sasl.NewPlainClient("bob", "alice", "secret")), imap.CodeAuthorizationFailed)
	check(t, c.Authenticate(ctx, sasl.NewPlainClient("", "alice", "secret")))
	id, err := c.ID(ctx, "name", "test")
	check(t, err)
	if id != nil {
		t.Fatalf("ID is %q", id)
	}
	check(t, c.Logout(ctx))
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, rev2 := range []bool{false, true} {
		c := dial(t, imaptest.New(), imapclient.Options{})
		check(t, c.Login(ctx, "alice", "secret"))
		if rev2 {
			_, err := c.Enable(ctx, "IMAP4rev2")
			check(t, err)
		}
		const name = "Entwürfe/日本語 & \"x\"\\"
		check(t, c.Create(ctx, name))
		wantCode(t, c.Create(ctx, name), imap.CodeAlreadyExists)
		check(t, c.Subscribe(ctx, name))
		lists, err := c.List(ctx, "", "*")
		check(t, err)
		var names []string
		for _, l := range lists {
			names = append(names, l.Mailbox)
		}
		equal(t, names, []string{"Entwürfe", name, imap.Inbox})
		subs, err := c.Lsub(ctx, "", "%")
		check(t, err)
		equal(t, subs, []imap.ListData{{
			Mailbox: "Entwürfe", Delim: '/', Attrs: []imap.MailboxAttr{imap.AttrNoSelect},
		}})
		check(t, c.Unsubscribe(ctx, name))
		check(t, c.Rename(ctx, name, "a\x7eb"))
		check(t, c.Delete(ctx, "a~b"))
		_, err = c.Status(ctx, "a~b", imap.StatusMessages)
		wantCode(t, err, imap.CodeNonExistent)
		space, err := c.Namespace(ctx)
		check(t, err)
		equal(t, space, &imap.NamespaceData{Personal: []imap.Namespace{{Delim: '/'}}})
	}
}

func TestAppendAndFetch(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := imaptest.New()
	c := open(t, store, imapclient.Options{})
	date := time.Date(2020, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	big := mail + strings.Repeat("0123456789abcde\n", 20000)
	for i, text := range []string{mail, big} {
		data, err := c.Append(ctx, imap.Inbox, imap.AppendOptions{
			Flags: []imap.Flag{imap.FlagDraft, "Work"}, Date: date,
		}, int64(len(text)), strings.NewReader(text))
		check(t, err)
		equal(t, data, &imap.AppendData{UIDValidity: 1001, UIDs: imap.SetOf(imap.UID(i + 1))})
	}
	_, err := c.Append(ctx, "nowhere", imap.AppendOptions{}, 3, strings.NewReader("abc"))
	wantCode(t, err, imap.CodeTryCreate)

	set, err := imap.ParseNumSet(imap.NumUID, "1:*")
	check(t, err)
	got, err := c.FetchAll(ctx, set, &imap.FetchOptions{
		Items:    imap.FetchFlags | imap.FetchInternalDate | imap.FetchSize | imap.FetchEnvelope | imap.FetchBodyStructure,
		Sections: []imap.BodySection{{Peek: true}, {Peek: true, Text: imap.SectionHeaderFields, Fields: []string{"Subject"}}},
	})
	check(t, err)
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	for i, text := range []string{mail, big} {
		m := got[i]
		if string(m.Sections["BODY[]"]) != text || m.Size != int64(len(text)) || !m.InternalDate.Equal(date) {
			t.Fatalf("message %d is not what was stored", i)
		}
		equal(t, string(m.Sections["BODY[HEADER.FIELDS (Subject)]"]), "Subject: one\r\n\r\n")
		equal(t, m.Flags, []imap.Flag{imap.FlagDraft, "Work"})
		equal(t, m.Envelope.Subject, "one")
		equal(t, m.Body.Subtype, "plain")
	}
}

func TestFetchStreams(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := imaptest.New()
	store.Deliver(imap.Inbox, mail)
	c := open(t, store, imapclient.Options{})
	var whole bytes.Buffer
	h := imapclient.FetchHandler{
		Literal: func(_ *imapclient.Message, section string, size int64, r *imapclient.LiteralReader) error {
			if section == "BODY[TEXT]" {
				return nil // left unread
			}
			_, err := io.Copy(&whole, r)
			return err
		},
		Message: func(m *imapclient.Message) error {
			if m.Sections != nil {
				t.Error("streamed content is in memory")
			}
			return nil
		},
	}
	err := c.Fetch(ctx, imap.NumSetOf(imap.SetOf[imap.SeqNum](1)), &imap.FetchOptions{
		Sections: []imap.BodySection{{Text: imap.SectionBodyText, Peek: true}, {Peek: true}},
	}, h)
	check(t, err)
	equal(t, whole.String(), mail)
	check(t, c.Noop(ctx))
}

func TestChanges(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := imaptest.New()
	for range 4 {
		store.Deliver(imap.Inbox, mail)
	}
	c := open(t, store, imapclient.Options{})
	check(t, c.Create(ctx, "dest"))

	told, modified, err := c.Store(ctx, imap.NumSetOf(imap.SetOf[imap.SeqNum](1, 2)),
		&imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagDeleted}, Conditional: true, UnchangedSince: 3})
	check(t, err)
	if len(told) != 2 || len(modified.Ranges) != 0 {
		t.Fatalf("told %d, modified %s", len(told), modified)
	}
	found, err := c.Search(ctx, imap.NumUID, "DELETED")
	check(t, err)
	equal(t, found.All, []uint32{1, 2})

	copied, err := c.Copy(ctx, imap.NumSetOf(imap.SetOf[imap.UID](2, 4)), "dest")
	check(t, err)
	equal(t, copied.Dest, imap.SetOf[imap.UID](1, 2))
	moved, err := c.Move(ctx, imap.NumSetOf(imap.SetOf[imap.SeqNum](4)), "dest")
	check(t, err)
	equal(t, moved.Source, imap.SetOf[imap.UID](4))
	check(t, c.Expunge(ctx, imap.SetOf[imap.UID](2, 3)))
	if c.Count() != 2 {
		t.Fatalf("%d messages are left", c.Count())
	}
	check(t, c.CloseMailbox(ctx))
	status, err := c.Status(ctx, imap.Inbox, imap.StatusMessages|imap.StatusSize)
	check(t, err)
	equal(t, status, &imap.StatusData{Messages: 1, Size: int64(len(mail))})
}

func TestQResync(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := imaptest.New()
	for range 3 {
		store.Deliver(imap.Inbox, mail)
	}
	c := dial(t, store, imapclient.Options{})
	check(t, c.Login(ctx, "alice", "secret"))
	on, err := c.Enable(ctx, "QRESYNC", "IMAP4rev2")
	check(t, err)
	equal(t, on, []string{"QRESYNC", "IMAP4rev2"})
	d, err := c.Select(ctx, imap.Inbox, imapclient.SelectOptions{})
	check(t, err)
	check(t, c.Unselect(ctx))
	store.Expunge(imap.Inbox, 2)
	store.SetFlags(imap.Inbox, 3, imap.FlagSeen)
	d, err = c.Select(ctx, imap.Inbox, imapclient.SelectOptions{
		Resync: &imapclient.Resync{UIDValidity: d.UIDValidity, ModSeq: d.HighestModSeq},
	})
	check(t, err)
	equal(t, d.Vanished, imap.SetOf[imap.UID](2))
	if len(d.Changed) != 1 || d.Changed[0].UID != 3 || len(d.List) != 1 {
		t.Fatalf("changed: %v, list: %v", d.Changed, d.List)
	}
}

// TestIdle has another client make changes while one idles, of each kind. TLS
// must survive that its reads are interrupted.
func TestIdle(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testIdle(t, secure)
		})
	}
}

func testIdle(t *testing.T, secure bool) {
	store := imaptest.New()
	store.Deliver(imap.Inbox, mail)
	updates := make(chan imapclient.Update, 10)
	c := dial(t, store, imapclient.Options{Update: func(u imapclient.Update) { updates <- u }})
	if secure {
		_, config := wiretest.TLS(t)
		config.InsecureSkipVerify = true
		check(t, c.StartTLS(t.Context(), config))
	}
	check(t, c.Login(t.Context(), "alice", "secret"))
	_, err := c.Select(t.Context(), imap.Inbox, imapclient.SelectOptions{})
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Idle(ctx) }()

	store.Deliver(imap.Inbox, mail)
	if u := <-updates; u.Exists == nil || *u.Exists != 2 {
		t.Errorf("update is %+v, want EXISTS 2", u)
	}
	store.SetFlags(imap.Inbox, 2, imap.FlagFlagged)
	if u := <-updates; u.Message == nil || !slices.Contains(u.Message.Flags, imap.FlagFlagged) {
		t.Errorf("update is %+v, want flags", u)
	}
	store.Expunge(imap.Inbox, 1)
	if u := <-updates; u.Expunged != 1 {
		t.Errorf("update is %+v, want EXPUNGE 1", u)
	}
	cancel()
	check(t, <-ended)
	check(t, c.Noop(t.Context()))
}

// TestExpungeWaits shows that a message which another client has expunged
// keeps its number until a command that may tell of it (RFC 9051 §7.5.1).
func TestExpungeWaits(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := imaptest.New()
	for range 3 {
		store.Deliver(imap.Inbox, mail)
	}
	c := open(t, store, imapclient.Options{})
	store.Expunge(imap.Inbox, 1)
	store.Deliver(imap.Inbox, mail)
	got, err := c.FetchAll(ctx, imap.NumSetOf(imap.SetOf[imap.SeqNum](2)), &imap.FetchOptions{Items: imap.FetchUID})
	check(t, err)
	if len(got) != 1 || got[0].UID != 2 || c.Count() != 4 {
		t.Fatalf("got %v of %d", got, c.Count())
	}
	check(t, c.Noop(ctx))
	if c.Count() != 3 {
		t.Fatalf("%d messages after NOOP", c.Count())
	}
}
