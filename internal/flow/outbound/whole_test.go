package outbound

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
)

// whole runs a runner with the SMTP transport in a world.
func whole(t *testing.T, test func(t *testing.T, h *house, w *world, start func() (stop func()))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		test(t, h, w, func() func() {
			tr := w.transport(SMTPOptions{})
			_, stop := h.run(Options{Transport: tr, MaxPerDestination: 2})
			return func() {
				stop()
				tr.Close()
			}
		})
		w.serving.Wait()
	})
}

func TestWholeWayWithRestarts(t *testing.T) {
	whole(t, func(t *testing.T, h *house, w *world, start func() func()) {
		a := w.host("a.test")
		a.reply = on("RCPT TO:<bad@", "550 5.1.1 who?", "RCPT TO:<slow@", "450 4.2.1 later")
		h.send("alice@example.test", "good@one.test", "bad@one.test", "slow@one.test", "other@two.test")
		stop := start()
		synctest.Wait()
		stop()

		var left []queue.Recipient
		err := h.queue.List(queue.Filter{}, func(_ queue.Message, r queue.Recipient) error {
			left = append(left, r)
			return nil
		})
		if err != nil || len(left) != 1 || left[0].Address.Local != "slow" || left[0].Attempts != 1 || left[0].LastReply != "450 4.2.1 later" || left[0].LastHost != "a.test" {
			t.Errorf("left %+v, %v", left, err)
		}
		if s := h.statuses(); len(s) != 1 || s[0].Recipients[0].Final.Address != "bad@one.test" || s[0].Recipients[0].Remote != dsn.DNS("a.test") {
			t.Errorf("notices %+v", s)
		}

		a.mu.Lock()
		a.reply = nil
		a.mu.Unlock()
		stop = start()
		time.Sleep(10 * time.Minute)
		stop()
		var got []string
		for _, m := range a.received() {
			got = append(got, strings.Join(m.to, " "))
		}
		if h.left() != 0 || len(got) != 3 || got[2] != "slow@one.test" {
			t.Errorf("%d left; received %q", h.left(), got)
		}
	})
}

func TestManyMessagesShareConnections(t *testing.T) {
	whole(t, func(t *testing.T, h *house, w *world, start func() func()) {
		for range 50 {
			h.send("alice@example.test", "x@one.test")
		}
		stop := start()
		synctest.Wait()
		stop()
		a := w.host("a.test")
		conns, most, _ := a.served()
		if h.left() != 0 || len(a.received()) != 50 || most > 2 || conns > 3 {
			t.Errorf("%d left, %d received, %d connections, %d at once", h.left(), len(a.received()), conns, most)
		}
	})
}

func TestHostThatComesBack(t *testing.T) {
	whole(t, func(t *testing.T, h *house, w *world, start func() func()) {
		w.host("a.test").greeting = "421 4.3.2 not now"
		h.send("alice@example.test", "x@two.test")
		stop := start()
		defer stop()
		time.Sleep(20 * time.Minute)
		if h.left() != 1 || len(h.noticed()) != 0 {
			t.Errorf("%d left, %d notices", h.left(), len(h.noticed()))
		}
		a := w.host("a.test")
		a.mu.Lock()
		a.greeting = ""
		a.mu.Unlock()
		time.Sleep(time.Hour)
		if h.left() != 0 || len(a.received()) != 1 {
			t.Errorf("%d left, %d received", h.left(), len(a.received()))
		}
	})
}
