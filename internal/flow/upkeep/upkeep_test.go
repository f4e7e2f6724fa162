package upkeep_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

const ann = "ann@example.test"

// A world has one expunged message, and one queued recipient whose lease has
// run out.
type world struct {
	*mailtest.Models
	account  *mailstore.Account
	expunged mailstore.Entry
	log      bytes.Buffer

	choresDone, choreFailures int
}

func newWorld(t *testing.T) *world {
	w := &world{Models: mailtest.NewModels(t, []mailtest.Account{{Address: ann}})}
	ctx := t.Context()
	var err error
	if w.account, err = w.Mail.Account(ctx, mailstore.AccountID(w.ID(ann))); err != nil {
		t.Fatal(err)
	}
	w.expunge(t)
	w.lease(t)
	return w
}

func (w *world) expunge(t *testing.T) {
	ctx := t.Context()
	to := []mailstore.Delivery{{Account: w.account.ID()}}
	done, err := w.Mail.Deliver(ctx, w.Content("Subject: hi\r\n\r\nhello\r\n"), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	version, err := w.account.Open(ctx, done[0].Mailbox)
	if err != nil {
		t.Fatal(err)
	}
	w.expunged = version.At(1)
	if _, err := w.account.Remove(ctx, done[0].Mailbox, imap.UIDSet{{Start: 1, Stop: 1}}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) lease(t *testing.T) {
	b := w.Store.NewBatch()
	to := mailtest.Address(t, "x@far.test")
	m := queue.Message{
		Sender: smtp.ReversePath{Address: mailtest.Address(t, ann)}, Received: time.Now(),
		Blob: b.AppendBlob([]byte("Subject: hi\r\n\r\n")),
	}
	if _, err := w.Queue.Add(b, m, []queue.Recipient{{Address: to, Destination: to.Domain}}); err != nil {
		t.Fatal(err)
	}
	if err := storage.Commit(w.Store, b); err != nil {
		t.Fatal(err)
	}
	leasing, err := w.Queue.Lease(time.Now(), queue.LeaseOptions{Owner: "dead", Duration: time.Minute})
	if err != nil || len(leasing.Works) != 1 {
		t.Fatalf("leased %v, %v", leasing, err)
	}
}

func (w *world) keeper() *upkeep.Keeper {
	return upkeep.New(upkeep.Options{
		Store: w.Store, Mail: w.Mail, Queue: w.Queue,
		Chores:   []upkeep.Chore{{Name: "expiring mail left by POP3", Every: time.Hour, Do: w.chore}},
		Interval: time.Hour, KeepExpunged: 90 * time.Minute, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
}

// chore counts how often it is done, and fails as often as it is told to.
func (w *world) chore(context.Context) (int64, error) {
	w.choresDone++
	if w.choreFailures > 0 {
		w.choreFailures--
		return 0, errors.New("no time")
	}
	return 3, nil
}

// TestChores wants a chore done once in its time, and again after a failure.
func TestChores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	k := w.keeper()
	k.Now = func() time.Time { return now }
	w.choreFailures = 1
	for i, want := range []int{1, 2, 2, 2, 3} {
		k.Round(t.Context())
		if w.choresDone != want {
			t.Errorf("after round %d looked %d times, want %d", i+1, w.choresDone, want)
		}
		now = now.Add(25 * time.Minute)
	}
}

// readable reports whether the expunged message can still be read.
func (w *world) readable(t *testing.T) bool {
	_, err := w.account.Message(t.Context(), w.expunged)
	if err != nil && !errors.Is(err, mailstore.ErrNoMessage) {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) leased() bool {
	_, recipients := w.Queued()
	return recipients[0].State() == queue.Leased
}

func TestRounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.keeper().Run(ctx)
		}()
		for _, step := range []struct {
			pass             time.Duration
			readable, leased bool
		}{
			{59 * time.Minute, true, true},
			{2 * time.Minute, true, false},
			{time.Hour, false, false},
		} {
			time.Sleep(step.pass)
			synctest.Wait()
			if w.readable(t) != step.readable || w.leased() != step.leased {
				t.Errorf("after %v more: readable %t, leased %t, want %t, %t",
					step.pass, w.readable(t), w.leased(), step.readable, step.leased)
			}
		}
		stop()
		<-done
	})
}

func TestFailureIsLoggedAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(2 * time.Hour)
		w.Store.FailCommits(1, errors.New("disk on fire"))
		w.keeper().Round(t.Context())
		if !w.readable(t) || w.leased() {
			t.Error("one failure must hold up one task and no other")
		}
		if !strings.Contains(w.log.String(), "disk on fire") {
			t.Errorf("the log says nothing of it: %s", &w.log)
		}
		w.keeper().Round(t.Context())
		if w.readable(t) {
			t.Error("the next round has not tried again")
		}
	})
}

func TestStopsBetweenTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.keeper().Round(ctx)
	if !w.leased() || w.log.Len() > 0 {
		t.Errorf("work was done after the end: %s", &w.log)
	}
}
