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
)

const ann = "ann@example.test"

// A world has one expunged message.
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

func (w *world) keeper() *upkeep.Keeper {
	return upkeep.New(upkeep.Options{
		Store: w.Store, Mail: w.Mail,
		Chores:   []upkeep.Chore{{Name: "expiring mail left by POP3", Every: time.Hour, Do: w.chore}},
		Interval: time.Hour, KeepExpunged: 90 * time.Minute, Now: time.Now, Uptime: w.uptime(),
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
}

// uptime is a clock that is never set.
func (w *world) uptime() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
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
			pass     time.Duration
			readable bool
		}{
			{59 * time.Minute, true},
			{2 * time.Minute, true},
			{time.Hour, false},
		} {
			time.Sleep(step.pass)
			synctest.Wait()
			if w.readable(t) != step.readable {
				t.Errorf("after %v more: readable %t, want %t", step.pass, !step.readable, step.readable)
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
		if !w.readable(t) || w.choresDone != 1 {
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
	if w.choresDone > 0 || w.log.Len() > 0 {
		t.Errorf("work was done after the end: %s", &w.log)
	}
}

// TestClockThatJumps wants nothing thrown away for a day after the clock has
// jumped ahead, and everything again later; and chores done in their time when
// the clock was set back.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := time.Now()
	var ahead, passed time.Duration
	k := w.keeper()
	k.Now = func() time.Time { return start.Add(passed + ahead) }
	k.Uptime = func() time.Duration { return passed }
	k.Chores[0].Expires = true
	k.Round(t.Context())
	for _, step := range []struct {
		jump, pass time.Duration
		chores     int
		readable   bool
	}{
		{0, time.Hour, 2, true},
		{8760 * time.Hour, time.Hour, 2, true}, // a year ahead
		{0, 22 * time.Hour, 2, true},
		{0, time.Hour, 2, true},
		{0, time.Hour, 3, false},
		{-8760 * time.Hour, time.Minute, 4, false},
		{0, time.Minute, 4, false},
		{0, time.Hour, 5, false},
	} {
		ahead += step.jump
		passed += step.pass
		k.Round(t.Context())
		if w.choresDone != step.chores || w.readable(t) != step.readable {
			t.Errorf("after %v more and a jump of %v: %d chores, readable %t; want %d, %t",
				step.pass, step.jump, w.choresDone, !step.readable, step.chores, step.readable)
		}
	}
	if !strings.Contains(w.log.String(), "by=8760h") {
		t.Errorf("the log does not speak of the jump: %s", &w.log)
	}
}
