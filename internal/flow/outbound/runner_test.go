package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/smtp"
)

const letter = "From: Alice <alice@example.test>\r\nSubject: Lunch\r\n\r\nAre you hungry?\r\n"

// A house is a queue with what is around it.
type house struct {
	tb    testing.TB
	store *memstore.Store
	queue *queue.Queue

	mu      sync.Mutex
	notices []Notice
	bounce  error // what Bounce returns
}

func newHouse(tb testing.TB) *house {
	store := memstore.New()
	return &house{tb: tb, store: store, queue: queue.New(store, queue.Options{})}
}

func (h *house) address(s string) address.Address {
	h.tb.Helper()
	a, err := address.Parse(s)
	if err != nil {
		h.tb.Fatal(err)
	}
	return a
}

// send queues the letter. An empty sender is the null path.
func (h *house) send(from string, to ...string) queue.ID {
	h.tb.Helper()
	b := h.store.NewBatch()
	m := queue.Message{Blob: b.AppendBlob([]byte(letter)), Prefix: []byte("Received: by us\r\n"), Size: int64(len(letter)) + 17, Received: time.Now()}
	if from != "" {
		m.Sender.Address = h.address(from)
	}
	var recipients []queue.Recipient
	for _, s := range to {
		a := h.address(s)
		recipients = append(recipients, queue.Recipient{Address: a, Destination: a.Domain})
	}
	id, err := h.queue.Add(b, m, recipients)
	if err != nil {
		h.tb.Fatal(err)
	}
	if err := storage.Commit(h.store, b); err != nil {
		h.tb.Fatal(err)
	}
	return id
}

func (h *house) Bounce(_ context.Context, n Notice) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bounce == nil {
		h.notices = append(h.notices, n)
	}
	return h.bounce
}

func (h *house) noticed() []Notice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notices)
}

// statuses parses the notices so far.
func (h *house) statuses() []*dsn.Status {
	h.tb.Helper()
	var list []*dsn.Status
	for _, n := range h.noticed() {
		s, err := dsn.Parse(bytes.NewReader(n.Message))
		if err != nil {
			h.tb.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func (h *house) left() int {
	h.tb.Helper()
	c, err := h.queue.Count(0)
	if err != nil {
		h.tb.Fatal(err)
	}
	return c.Waiting + c.Leased
}

// run runs a Runner until the test ends or stop is called.
func (h *house) run(o Options) (r *Runner, stop func()) {
	o.Queue, o.Store, o.Bounce = h.queue, h.store, h.Bounce
	hostname, err := address.ParseDomain("mail.example.test")
	if err != nil {
		h.tb.Fatal(err)
	}
	o.Hostname = hostname
	r = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.tb.Errorf("Run: %v", err)
		}
	})
}

// A transportFunc is a Transport for one test.
type transportFunc func(ctx context.Context, p Parcel) []Result

func (f transportFunc) Deliver(ctx context.Context, p Parcel) []Result { return f(ctx, p) }

type counter struct{ atomic.Int64 }

// always gives all recipients the same result, and counts them.
func always(r Result, count *counter) Transport {
	return transportFunc(func(_ context.Context, p Parcel) []Result {
		count.Add(int64(len(p.Recipients)))
		return forAll(r, len(p.Recipients))
	})
}

var noSuchUser = Result{Kind: Permanent, Code: dsn.Code{Class: 5, Subject: 1, Detail: 1}, Text: "550 5.1.1 no such user", Remote: "mx.test"}
var tryLater = Result{Kind: Temporary, Code: dsn.Code{Class: 4, Subject: 2, Detail: 1}, Text: "451 4.2.1 later", Remote: "mx.test"}

func TestRunDeliversOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test", "b@one.test", "c@two.test")
		r, stop := h.run(Options{Transport: always(Result{Kind: Accepted}, count)})
		defer stop()
		synctest.Wait()
		if h.left() != 0 || count.Load() != 3 {
			t.Errorf("%d left, %d delivered", h.left(), count.Load())
		}
		h.send("alice@example.test", "d@one.test")
		r.Notify()
		synctest.Wait()
		if h.left() != 0 || count.Load() != 4 {
			t.Errorf("%d left, %d delivered after Notify", h.left(), count.Load())
		}
		time.Sleep(24 * time.Hour)
		if count.Load() != 4 || len(h.noticed()) != 0 {
			t.Errorf("%d delivered, %d notices a day later", count.Load(), len(h.noticed()))
		}
	})
}

func TestPartialFailureBounces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		id := h.send("alice@example.test", "good@one.test", "bad@one.test", "worse@one.test")
		_, stop := h.run(Options{Transport: transportFunc(func(_ context.Context, p Parcel) []Result {
			return []Result{{Kind: Accepted}, noSuchUser, failure(Permanent, codeNoRoute, "There is no way.", nil)}
		})})
		defer stop()
		synctest.Wait()
		if h.left() != 0 || len(h.noticed()) != 1 {
			t.Fatalf("%d left, %d notices", h.left(), len(h.noticed()))
		}
		n := h.noticed()[0]
		if n.To.String() != "alice@example.test" || n.Options != (smtp.MailOptions{}) {
			t.Errorf("notice to %v %+v", n.To, n.Options)
		}
		text := string(n.Message)
		for _, part := range []string{
			"Content-Type: multipart/report", "Reporting-MTA: dns; mail.example.test",
			"Final-Recipient: rfc822; bad@one.test", "Remote-MTA: dns; mx.test",
			"Diagnostic-Code: smtp; 550 5.1.1 no such user", "Diagnostic-Code: x-mailstead; There is no way.",
			"Final-Log-ID: " + id.String(), "Received: by us\r\nFrom: Alice", "Are you hungry?",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("no %q in\n%s", part, text)
			}
		}
		if strings.Contains(text, "good@one.test") {
			t.Error("tells of a recipient who got the message")
		}
	})
}

func TestNullSenderNeverBounces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("", "a@one.test")
		_, stop := h.run(Options{Transport: always(noSuchUser, count)})
		defer stop()
		synctest.Wait()
		if h.left() != 0 || len(h.noticed()) != 0 {
			t.Errorf("%d left, %d notices", h.left(), len(h.noticed()))
		}
	})
}

func TestFiveDaysOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test")
		_, stop := h.run(Options{Transport: always(tryLater, count)})
		defer stop()
		time.Sleep(3 * time.Hour)
		if count.Load() < 5 || count.Load() > 7 || len(h.noticed()) != 0 {
			t.Errorf("%d attempts, %d notices after 3 hours", count.Load(), len(h.noticed()))
		}
		time.Sleep(9 * time.Hour)
		if got := h.statuses(); len(got) != 1 || got[0].Recipients[0].Action != dsn.Delayed || got[0].Recipients[0].RetryUntil.IsZero() {
			t.Fatalf("after 12 hours: %+v", got)
		}
		time.Sleep(5 * 24 * time.Hour)
		got := h.statuses()
		if len(got) != 2 || got[1].Recipients[0].Action != dsn.Failed || got[1].Recipients[0].Code != codeExpired || got[1].Recipients[0].Diagnostic.Text != tryLater.Text {
			t.Fatalf("at the end: %+v", got)
		}
		if h.left() != 0 || count.Load() < 30 || count.Load() > 45 {
			t.Errorf("%d left, %d attempts", h.left(), count.Load())
		}
	})
}

func TestSenderWhoCannotBeToldKeepsTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.bounce = errors.New("mailbox is full")
		h.send("alice@example.test", "a@one.test")
		_, stop := h.run(Options{Transport: always(noSuchUser, count)})
		defer stop()
		synctest.Wait()
		if h.left() != 1 || count.Load() != 1 {
			t.Fatalf("%d left, %d attempts", h.left(), count.Load())
		}
		h.mu.Lock()
		h.bounce = nil
		h.mu.Unlock()
		time.Sleep(11 * time.Minute)
		if h.left() != 0 || len(h.noticed()) != 1 {
			t.Errorf("%d left, %d notices", h.left(), len(h.noticed()))
		}
	})
}

func TestConcurrencyLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for i := range 20 {
			h.send("alice@example.test", fmt.Sprintf("u%d@one.test", i), fmt.Sprintf("u%d@two.test", i), fmt.Sprintf("u%d@three.test", i))
		}
		var mu sync.Mutex
		running, most, total := map[string]int{}, map[string]int{}, 0
		enter := func(name string, d int) {
			mu.Lock()
			defer mu.Unlock()
			running[name] += d
			most[name] = max(most[name], running[name])
			total += max(d, 0)
		}
		_, stop := h.run(Options{MaxDeliveries: 5, MaxPerDestination: 2, Transport: transportFunc(func(_ context.Context, p Parcel) []Result {
			enter(p.Destination.String(), 1)
			enter("all", 1)
			time.Sleep(time.Second)
			enter(p.Destination.String(), -1)
			enter("all", -1)
			return forAll(Result{Kind: Accepted}, len(p.Recipients))
		})})
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		if h.left() != 0 || total != 120 {
			t.Errorf("%d left, %d", h.left(), total)
		}
		if most["one.test"] != 2 || most["two.test"] != 2 || most["all"] != 5 {
			t.Errorf("at once: %v", most)
		}
	})
}

func TestStopFinishesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.send("alice@example.test", "quick@one.test")
		h.send("alice@example.test", "stuck@two.test")
		_, stop := h.run(Options{Drain: time.Minute, Transport: transportFunc(func(ctx context.Context, p Parcel) []Result {
			if p.Destination.String() == "one.test" {
				time.Sleep(30 * time.Second)
				return []Result{{Kind: Accepted}}
			}
			<-ctx.Done()
			return []Result{{Err: ctx.Err()}}
		})})
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("stopping took %v", took)
		}
		var left []queue.Recipient
		err := h.queue.List(queue.Filter{}, func(_ queue.Message, r queue.Recipient) error {
			left = append(left, r)
			return nil
		})
		if err != nil || len(left) != 1 || left[0].Address.Local != "stuck" || left[0].State() != queue.Waiting || left[0].Attempts != 0 {
			t.Errorf("left %+v, %v", left, err)
		}
	})
}

func TestRestartAfterCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test")
		// A process that leases and dies.
		if l, err := h.queue.Lease(time.Now(), queue.LeaseOptions{Owner: "outbound"}); err != nil || len(l.Works) != 1 {
			t.Fatal(l, err)
		}
		_, stop := h.run(Options{Transport: always(Result{Kind: Accepted}, count)})
		defer stop()
		synctest.Wait()
		if h.left() != 0 || count.Load() != 1 {
			t.Errorf("%d left, %d delivered", h.left(), count.Load())
		}
	})
}

func TestStoreThatFailsAfterDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test")
		_, stop := h.run(Options{Transport: transportFunc(func(_ context.Context, p Parcel) []Result {
			count.Add(1)
			h.store.FailCommits(5, storage.ErrFull)
			return []Result{{Kind: Accepted}}
		})})
		defer stop()
		time.Sleep(5 * time.Minute)
		if h.left() != 0 || count.Load() != 1 {
			t.Errorf("%d left, delivered %d times", h.left(), count.Load())
		}
	})
}

func TestTransportThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test")
		_, stop := h.run(Options{Transport: transportFunc(func(context.Context, Parcel) []Result {
			if count.Add(1) == 1 {
				panic("a bug")
			}
			return []Result{{Kind: Accepted}}
		})})
		defer stop()
		time.Sleep(2 * time.Minute)
		if h.left() != 0 || count.Load() != 2 {
			t.Errorf("%d left, %d attempts", h.left(), count.Load())
		}
	})
}

func TestRunEndsWithTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		r := New(Options{Queue: h.queue, Store: h.store, Transport: always(Result{}, count), Bounce: h.Bounce})
		if err := r.Run(t.Context()); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestCrashBetweenReplyAndQueue dies when a host has taken a message and the
// queue does not know: it comes once more, and is not lost.
func TestCrashBetweenReplyAndQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test", "b@two.test")
		transport := transportFunc(func(_ context.Context, p Parcel) []Result {
			count.Add(int64(len(p.Recipients)))
			if count.Load() <= 2 {
				h.store.FailCommits(1000, storage.ErrFull)
			}
			return forAll(Result{Kind: Accepted}, len(p.Recipients))
		})
		_, stop := h.run(Options{Transport: transport, Drain: time.Second})
		synctest.Wait()
		stop() // it gives up what it could not write
		h.store.FailCommits(0, nil)
		h.queue = queue.New(h.store, queue.Options{})
		_, stop = h.run(Options{Transport: transport})
		defer stop()
		synctest.Wait()
		if h.left() != 0 || count.Load() != 4 {
			t.Errorf("%d left, %d delivered", h.left(), count.Load())
		}
	})
}

// TestLongDeliveryKeepsItsLease has another node look for dead leases while a
// transfer takes longer than a lease.
func TestLongDeliveryKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		h.send("alice@example.test", "a@one.test")
		slow := func(owner string) (stop func()) {
			_, stop = h.run(Options{Owner: owner, Lease: 5 * time.Minute, Drain: time.Hour, Transport: transportFunc(func(_ context.Context, p Parcel) []Result {
				count.Add(1)
				time.Sleep(25 * time.Minute)
				return []Result{{Kind: Accepted}}
			})})
			return stop
		}
		one := slow("one")
		time.Sleep(time.Minute)
		two := slow("two")
		time.Sleep(2 * time.Hour)
		one()
		two()
		if h.left() != 0 || count.Load() != 1 {
			t.Errorf("%d left, delivered %d times", h.left(), count.Load())
		}
	})
}
