package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/queue"
)

// openJournal makes the journal of messages, unless it is switched off.
func (s *Server) openJournal() {
	keep := s.config.Trace.Keep.Duration
	if keep == 0 {
		return
	}
	s.journal = journal.New(journal.Options{Store: s.store, Now: s.options.Now, Keep: keep, Logger: s.log.With("part", "trace")})
	s.metrics.Subsystem("trace").CounterOf("dropped_total", "Events of messages that were not kept.", func() float64 {
		return float64(s.journal.Dropped())
	})
}

// expireJournal is the chore that forgets old events: all of them if the journal
// has been switched off.
func (s *Server) expireJournal() upkeep.Chore {
	j := s.journal
	if j == nil {
		j = journal.New(journal.Options{Store: s.store, Now: s.options.Now, Keep: 1})
	}
	return upkeep.Chore{Name: "expiring traces", Every: time.Hour, Expires: true, Do: func(context.Context) (int64, error) {
		return 0, j.Expire()
	}}
}

// record returns what notes events; nil if nothing does.
func (s *Server) record() func(journal.Event) {
	if s.journal == nil {
		return nil
	}
	return s.journal.Record
}

// observe returns what notes attempts; nil if nothing does.
func (s *Server) observe() func(context.Context, []outbound.Attempt) {
	if s.journal == nil {
		return nil
	}
	return func(_ context.Context, list []outbound.Attempt) {
		for _, e := range attemptEvents(list) {
			s.journal.Record(e)
		}
	}
}

// attemptEvents makes an event of each host that was asked.
func attemptEvents(list []outbound.Attempt) []journal.Event {
	type place struct {
		peer  journal.Peer
		route *outbound.Route
	}
	var events []journal.Event
	at := make(map[place]int, 1)
	for i := range list {
		a := &list[i]
		where := place{peerOf(&a.Result), a.Result.Route}
		n, known := at[where]
		if !known {
			n = len(events)
			at[where] = n
			events = append(events, journal.Event{
				Time: a.Began, Kind: journal.Attempt, Queue: a.Message.ID.String(), Sender: senderOf(a.Message),
				Peer: where.peer, Verdict: remarks(a), Took: a.Ended.Sub(a.Began),
			})
		}
		events[n].Recipients = append(events[n].Recipients, fateOf(a))
	}
	return events
}

func senderOf(m queue.Message) string {
	if m.Sender.IsNull() {
		return "<>"
	}
	return m.Sender.Address.String()
}

// peerOf describes the other server.
func peerOf(r *outbound.Result) journal.Peer {
	p := journal.Peer{Name: r.Remote, Address: r.Address}
	if v := r.Security.Version; v != 0 {
		p.TLS = tls.VersionName(v) + " " + tls.CipherSuiteName(r.Security.CipherSuite)
	}
	return p
}

// remarks are how the attempt was made.
func remarks(a *outbound.Attempt) []string {
	var list []string
	r := &a.Result
	if a.Suspended {
		list = append(list, "nobody was asked")
	}
	if p := r.Security.Policy; p != "" {
		proof := ", certificate not verified"
		switch {
		case r.Security.Verified:
			proof = ", certificate verified"
		case r.Security.Version == 0:
			proof = ", no TLS"
		}
		list = append(list, "policy "+p+proof)
	}
	if r.Route != nil && r.Route.Name != "" {
		list = append(list, "route "+r.Route.Name)
	}
	if r.Source != "" {
		list = append(list, "from "+r.Source)
	}
	return list
}

// fateOf tells what an attempt meant for its recipient.
func fateOf(a *outbound.Attempt) journal.Recipient {
	to := journal.Recipient{Address: a.Recipient.Address.String(), Reply: a.Result.Text}
	switch a.Verdict.Outcome {
	case queue.Delivered:
		to.Outcome = journal.Delivered
		if a.Result.Final && a.Result.Remote == "" {
			to.Outcome = journal.Stored
		}
	case queue.Failed:
		to.Outcome = journal.Failed
		if a.Verdict.Expired {
			to.Reply = "time is up; " + to.Reply
		}
	default:
		to.Outcome, to.Next = journal.Deferred, a.Verdict.Due
	}
	return to
}

// traceNotice notes that a sender was told; id is under which that waits to
// leave the house, 0 if it need not.
func (s *Server) traceNotice(n *outbound.Notice, id queue.ID) {
	if s.journal == nil {
		return
	}
	e := journal.Event{Kind: journal.Notified, Queue: n.About.String(), Sender: n.To.String()}
	if id != 0 {
		e.Notice = id.String()
	}
	outcomes := map[dsn.Action]journal.Outcome{dsn.Failed: journal.Failed, dsn.Delayed: journal.Deferred}
	for i := range n.Recipients {
		r := &n.Recipients[i]
		e.Recipients = append(e.Recipients, journal.Recipient{
			Address: r.Final.Address, Outcome: cmp.Or(outcomes[r.Action], journal.Delivered), Reply: r.Diagnostic.Text,
		})
	}
	s.journal.Record(e)
}
