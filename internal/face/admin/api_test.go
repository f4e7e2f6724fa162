package admin_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

const ann = "ann@example.test"

// An office is an API on its socket.
type office struct {
	*mailtest.Models
	*admin.Client
	dir      string
	woken    int
	forgiven int

	journal *journal.Journal
}

func newOffice(t testing.TB) *office {
	dir, err := os.MkdirTemp("", "admin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o := &office{
		Models: mailtest.NewModels(t, []mailtest.Account{{Address: ann, Others: []string{"anna@example.test"}, Quota: 1000}},
			mailtest.Alias{Address: "all@example.test", Targets: []string{ann, "x@far.test"}}),
		Client: admin.NewClient(dir), dir: dir,
	}
	o.journal = journal.New(journal.Options{Store: o.Store, Now: time.Now})
	ln, err := admin.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	api := admin.New(admin.Options{
		Directory: o.Directory, Mail: o.Mail, Queue: o.Models.Queue, Store: o.Models.Store, Retrieval: o.retrieval(),
		Journal: o.journal, Wake: func() { o.woken++ }, TryAll: func() { o.forgiven++ }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- api.Run(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) retrieval() *retrieval.Service {
	return retrieval.New(retrieval.Options{
		Directory: o.Directory, Mail: o.Mail, Notes: maildrop.New(o.Store),
		Defaults: directory.POP3{
			Mailbox: "INBOX", Delete: directory.Delete,
			LeaveDays: directory.LeaveForever, LoginDelay: directory.NoLoginDelay,
		},
		Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
}

// refused wants an error with these words.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	must(t, o.AddDomain(ctx, "Bücher.example"))
	refused(t, o.AddDomain(ctx, "example.test"), "already exists")
	refused(t, o.AddDomain(ctx, "no domain"), "is not a domain")
	refused(t, o.RemoveDomain(ctx, "example.test"), "still has addresses")
	refused(t, o.RemoveDomain(ctx, "far.test"), "not found")
	refused(t, o.RemoveDomain(ctx, "-"), "is not a domain")
	list, err := o.Domains(ctx)
	must(t, err)
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
		if time.Since(d.Created) > time.Minute {
			t.Errorf("%s was created at %v", d.Name, d.Created)
		}
	}
	if !slices.Equal(names, []string{"example.test", "xn--bcher-kva.example"}) {
		t.Errorf("domains %q", names)
	}
	must(t, o.RemoveDomain(ctx, "bücher.example"))
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	added, err := o.AddAccounts(ctx, admin.AddAccounts{Accounts: []admin.NewAccount{
		{Address: "bob@example.test", Password: "secret"},
		{Address: ann, Password: "secret"},
		{Address: "all@example.test", Password: "secret"},
		{Address: "cid@far.test", Password: "secret"},
		{Address: "dan@example.test"},
	}})
	must(t, err)
	for i, want := range []string{"", "already exists", "already exists", "domain is not one of ours", "password is empty"} {
		if got := added[i]; (got.Error == "") != (want == "") || !strings.Contains(got.Error, want) || got.Exists != (want == "already exists") {
			t.Errorf("%s: %+v, want %q", got.Address, got, want)
		}
	}
	_, err = o.AddAccounts(ctx, admin.AddAccounts{Accounts: []admin.NewAccount{{Address: "x"}}})
	refused(t, err, "is not an address")
	added, err = o.AddAccounts(ctx, admin.AddAccounts{
		Accounts:    []admin.NewAccount{{Address: "cid@new.test", Password: "secret"}, {Address: "dan@new.test", Password: "secret"}},
		MakeDomains: true,
	})
	must(t, err)
	if added[0].Error+added[1].Error != "" {
		t.Errorf("with their domain: %+v", added)
	}
	list, err := o.Accounts(ctx)
	must(t, err)
	if len(list) != 4 || list[0].Address != ann || list[0].Quota != 1000 || !slices.Equal(list[0].Addresses, []string{"anna@example.test"}) {
		t.Errorf("accounts %+v", list)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	_, err := o.Mail.Deliver(ctx, o.Content("Subject: x\r\n\r\n"), []mailstore.Delivery{{Account: mailstore.AccountID(o.ID(ann))}}, nil)
	must(t, err)
	list, err := o.Accounts(ctx)
	must(t, err)
	if list[0].Messages != 1 || list[0].Bytes != 14 {
		t.Errorf("usage %+v", list[0])
	}
}

func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	_, err := o.Mail.Deliver(ctx, o.Content("Subject: x\r\n\r\n"), []mailstore.Delivery{{Account: mailstore.AccountID(o.ID(ann))}}, nil)
	must(t, err)
	refused(t, o.RemoveAccount(ctx, "nobody@example.test"), "not found")
	refused(t, o.RemoveAccount(ctx, "all@example.test"), "not found")
	refused(t, o.RemoveAccount(ctx, "nobody"), "is not an address")
	must(t, o.RemoveAccount(ctx, ann))
	refused(t, o.RemoveAccount(ctx, ann), "not found")
	if _, err := o.Directory.Authenticate(ctx, ann, mailtest.Password); err == nil {
		t.Error("a removed account can log in")
	}
	if list, err := o.Accounts(ctx); err != nil || len(list) != 0 {
		t.Errorf("accounts %+v, %v", list, err)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	must(t, o.SetPassword(ctx, ann, "new secret"))
	if _, err := o.Directory.Authenticate(ctx, ann, "new secret"); err != nil {
		t.Error(err)
	}
	refused(t, o.SetPassword(ctx, ann, ""), "password is empty")
	refused(t, o.SetPassword(ctx, "nobody@example.test", "x"), "not found")
}

func TestAliases(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	must(t, o.AddAlias(ctx, admin.Alias{Address: "sales@example.test", Targets: []string{"all@example.test"}}))
	for want, alias := range map[string]admin.Alias{
		"already exists":            {Address: ann, Targets: []string{"x@far.test"}},
		"leads back to itself":      {Address: "loop@example.test", Targets: []string{"loop@example.test"}},
		"domain is not one of ours": {Address: "x@far.test", Targets: []string{ann}},
		"between 1 and 200 targets": {Address: "none@example.test"},
		`"x" is not an address`:     {Address: "x", Targets: []string{ann}},
		`"y" is not an address`:     {Address: "y@example.test", Targets: []string{"y"}},
	} {
		refused(t, o.AddAlias(ctx, alias), want)
	}
	list, err := o.Aliases(ctx)
	must(t, err)
	if len(list) != 2 || list[0].Address != "all@example.test" || !slices.Equal(list[0].Targets, []string{ann, "x@far.test"}) {
		t.Errorf("aliases %+v", list)
	}
	must(t, o.RemoveAlias(ctx, "all@example.test"))
	refused(t, o.RemoveAlias(ctx, "all@example.test"), "not found")
	refused(t, o.RemoveAlias(ctx, ann), "not found")
}

// enqueue queues a message to recipients.
func (o *office) enqueue(t *testing.T, from string, to ...string) {
	t.Helper()
	b := o.Store.NewBatch()
	m := queue.Message{Blob: b.AppendBlob([]byte("Subject: x\r\n\r\n")), Size: 14, Received: time.Now()}
	if from != "" {
		m.Sender = smtp.ReversePath{Address: mailtest.Address(t, from)}
	}
	var recipients []queue.Recipient
	for _, one := range to {
		a := mailtest.Address(t, one)
		recipients = append(recipients, queue.Recipient{Address: a, Destination: a.Domain, Due: time.Now().Add(time.Hour)})
	}
	_, err := o.Models.Queue.Add(b, m, recipients)
	must(t, err)
	must(t, storage.Commit(o.Store, b))
}

func TestQueue(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	o.enqueue(t, ann, "x@far.test", "y@far.test", "x@farther.test")
	o.enqueue(t, "", "x@far.test")
	list, err := o.Client.Queued(ctx, admin.QueueFilter{})
	must(t, err)
	if len(list) != 2 || list[0].Sender != ann || list[1].Sender != "" || len(list[0].Recipients) != 3 || list[0].Size != 14 {
		t.Fatalf("queue %+v", list)
	}
	for _, c := range []struct {
		filter     admin.QueueFilter
		recipients int
	}{
		{admin.QueueFilter{Domain: "far.test"}, 3},
		{admin.QueueFilter{Sender: ann}, 3},
		{admin.QueueFilter{Sender: ann, Recipient: "x@far.test"}, 1},
		{admin.QueueFilter{ID: list[1].ID}, 1},
		{admin.QueueFilter{Domain: "nowhere.test"}, 0},
	} {
		got, err := o.Client.Queued(ctx, c.filter)
		must(t, err)
		n := 0
		for _, m := range got {
			n += len(m.Recipients)
		}
		if n != c.recipients {
			t.Errorf("%+v selects %d recipients, want %d", c.filter, n, c.recipients)
		}
	}
	one, err := o.QueuedMessage(ctx, list[0].ID)
	must(t, err)
	if one.ID != list[0].ID || len(one.Recipients) != 3 || one.Recipients[0].State != "waiting" || one.Recipients[0].Due.Before(time.Now()) {
		t.Errorf("message %+v", one)
	}
	n, err := o.RetryQueued(ctx, admin.QueueFilter{Domain: "farther.test"})
	if must(t, err); n != 1 || o.woken != 1 || o.forgiven != 1 {
		t.Errorf("%d retried, woken %d times, all destinations tried %d times", n, o.woken, o.forgiven)
	}
	n, err = o.DropQueued(ctx, admin.QueueFilter{Domain: "far.test"})
	if must(t, err); n != 3 {
		t.Errorf("%d dropped", n)
	}
	list, err = o.Client.Queued(ctx, admin.QueueFilter{})
	if must(t, err); len(list) != 1 || list[0].Recipients[0].Due.After(time.Now()) {
		t.Errorf("left %+v", list)
	}
}

// TestSteer holds, reroutes and releases, and looks at one message.
func TestSteer(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	o.enqueue(t, ann, "x@far.test", "y@far.test", "x@farther.test")
	for _, step := range []struct {
		what func() (int, error)
		want int
	}{
		{func() (int, error) { return o.HoldQueued(ctx, admin.QueueFilter{Domain: "far.test"}) }, 2},
		{func() (int, error) { return o.HoldQueued(ctx, admin.QueueFilter{Older: "1h"}) }, 0},
		{func() (int, error) {
			return o.ReleaseQueued(ctx, admin.QueueFilter{Recipient: "y@far.test", State: "held"})
		}, 1},
		{func() (int, error) {
			return o.RerouteQueued(ctx, admin.QueueFilter{Recipient: "y@far.test"}, "Relay.test:2525")
		}, 1},
		{func() (int, error) {
			return o.RerouteQueued(ctx, admin.QueueFilter{Domain: "farther.test"}, "nearer.test")
		}, 1},
		{func() (int, error) { return o.RetryQueued(ctx, admin.QueueFilter{Newer: "1h"}) }, 2},
	} {
		if n, err := step.what(); n != step.want || err != nil {
			t.Errorf("%d, want %d, %v", n, step.want, err)
		}
	}
	list, err := o.Client.Queued(ctx, admin.QueueFilter{})
	must(t, err)
	one, err := o.QueuedMessage(ctx, list[0].ID)
	must(t, err)
	var got []string
	for _, r := range one.Recipients {
		got = append(got, r.Address+" "+r.State+" "+r.Destination+" "+r.Via)
	}
	want := []string{"x@far.test held far.test ", "y@far.test waiting far.test relay.test:2525", "x@farther.test waiting nearer.test "}
	if !slices.Equal(got, want) || one.Header != "Subject: x" {
		t.Errorf("%q, header %q", got, one.Header)
	}
	_, err = o.RerouteQueued(ctx, admin.QueueFilter{}, "no host")
	refused(t, err, "is not host:port")
}

// TestBadFilters must not select everything.
func TestBadFilters(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	o.enqueue(t, ann, "x@far.test")
	for want, f := range map[string]admin.QueueFilter{
		"no such message":   {ID: "nonsense"},
		"is not an address": {Sender: "nonsense"},
		"is not a domain":   {Domain: "no domain"},
		"is not a duration": {Older: "2 days"},
		"is none of":        {State: "lost"},
	} {
		_, err := o.DropQueued(ctx, f)
		refused(t, err, want)
		_, err = o.RetryQueued(ctx, f)
		refused(t, err, want)
		_, err = o.Client.Queued(ctx, f)
		refused(t, err, want)
	}
	_, err := o.QueuedMessage(ctx, "0000000000001")
	refused(t, err, "no such message")
	if list, err := o.Client.Queued(ctx, admin.QueueFilter{}); err != nil || len(list) != 1 {
		t.Errorf("left %+v, %v", list, err)
	}
}

func TestFailureOfTheStore(t *testing.T) {
	t.Parallel()
	o, ctx := newOffice(t), t.Context()
	o.Store.FailCommits(1, errors.New("disk on fire"))
	refused(t, o.AddDomain(ctx, "new.test"), "disk on fire")
	must(t, o.AddDomain(ctx, "new.test"))
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	socket := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(o.dir, admin.SocketName))
	}}}
	defer socket.CloseIdleConnections()
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/v1/accounts", "{", 400},
		{"POST", "/v1/accounts", `{"accounts":[],"admin":true}`, 400},
		{"POST", "/v1/aliases", `[]`, 400},
		{"PUT", "/v1/accounts/ann@example.test/password", ``, 400},
		{"GET", "/v1/nothing", "", 404},
		{"PATCH", "/v1/domains", "", 405},
		{"GET", "/v1/queue/x", "", 404},
		{"PUT", "/v1/domains/example.test", "", 409},
		{"PUT", "/v1/domains/third.test", "", 204},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://x"+c.path, strings.NewReader(c.body))
		must(t, err)
		resp, err := socket.Do(req)
		must(t, err)
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s %s %s: %s %s, want %d", c.method, c.path, c.body, resp.Status, body, c.want)
		}
	}
}

func TestSocketIsTheOwners(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	info, err := os.Stat(filepath.Join(o.dir, admin.SocketName))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	_, err := admin.NewClient(t.TempDir()).Domains(t.Context())
	if !errors.Is(err, admin.ErrNoServer) {
		t.Errorf("without a server: %v", err)
	}
}

// TestStaleSocket takes the place of what a killed server has left.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	dir := newOffice(t).dir
	ln, err := admin.Listen(dir)
	must(t, err)
	must(t, ln.Close())
}
