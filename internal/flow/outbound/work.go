package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// noticePause is how long a recipient waits whose sender could not be told.
const noticePause = 10 * time.Minute

// handle delivers a work and hands on what came of it. It returns the results
// and the route that they came by.
func (r *Runner) handle(ctx context.Context, w leased, finished chan<- queue.Finished) ([]Result, *Route) {
	p := w.parcel()
	content, err := openContent(r.options.Store, p.Message)
	if err == nil {
		defer content.Close()
		p.Content = content
	}
	began := r.options.Now()
	results := r.deliver(ctx, p, err)
	route := w.route
	for i := range results {
		if results[i].Route != nil {
			route = results[i].Route
		}
	}
	r.conclude(ctx, w, p, results, began, finished)
	return results, route
}

// putOff gives a work the result that is known of its destination.
func (r *Runner) putOff(ctx context.Context, w leased, reason Result, finished chan<- queue.Finished) {
	p := w.parcel()
	content, err := openContent(r.options.Store, p.Message)
	if err == nil {
		defer content.Close()
		p.Content = content
	}
	reason.Route = nil
	r.conclude(ctx, w, p, forAll(reason, len(p.Recipients)), r.options.Now(), finished)
}

func (w *leased) parcel() Parcel {
	return Parcel{
		Message: w.work.Message, Destination: w.work.Destination, Via: w.work.Via,
		Recipients: w.work.Recipients, Route: w.route,
	}
}

// conclude decides what results mean, tells the sender and everybody else who
// wants to know, and hands the outcomes on.
func (r *Runner) conclude(ctx context.Context, w leased, p Parcel, results []Result, began time.Time, finished chan<- queue.Finished) {
	now := r.options.Now()
	fates := r.judge(p, results, now)
	told := r.tell(ctx, p, fates, now)
	if told != nil {
		r.options.Logger.Error("sender could not be told", "queue_id", p.Message.ID.String(), "error", told)
	}
	r.report(p, fates, now.Sub(began))
	done := queue.Finished{Work: *w.work, Outcomes: outcomes(ctx, fates, now, told == nil)}
	var list []Attempt
	if r.options.Observe != nil || r.options.Journal != nil {
		list = attempts(p, fates, began, now)
	}
	if r.options.Observe != nil {
		r.options.Observe(ctx, list)
	}
	done.Also = func(b *storage.Batch) {
		storeUses(b, results)
		if r.options.Journal != nil {
			r.options.Journal(b, list)
		}
	}
	finished <- done
}

// deliver asks the transport. It returns a result for each recipient, whatever
// happens: a message that cannot be read waits for someone to look at it.
func (r *Runner) deliver(ctx context.Context, p Parcel, unreadable error) (results []Result) {
	n := len(p.Recipients)
	if unreadable != nil {
		return forAll(failure(Temporary, codeSystem, "The message could not be read from the store.", unreadable), n)
	}
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			results = forAll(failure(Temporary, codeSystem, "The mail system has an internal problem.", err), n)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	results = r.options.Transport.Deliver(ctx, p)
	if len(results) != n {
		panic(fmt.Sprintf("%d results for %d recipients", len(results), n))
	}
	return results
}

// judge gathers the facts about each recipient and gets the verdicts.
func (r *Runner) judge(p Parcel, results []Result, now time.Time) []fate {
	// One chance for all keeps recipients together who fail together.
	luck := chance()
	fates := make([]fate, len(results))
	for i, rcpt := range p.Recipients {
		route := p.Route
		if results[i].Route != nil {
			route = results[i].Route
		}
		expires := p.Message.Expires
		if route.Lifetime > 0 {
			expires = begin(&p.Message).Add(route.Lifetime)
		}
		fates[i] = fate{recipient: rcpt, result: results[i], verdict: route.schedule(r.options.Schedule).Judge(Facts{
			Result:        results[i],
			Attempts:      rcpt.Attempts + 1,
			Received:      begin(&p.Message),
			Expires:       expires,
			Now:           now,
			DelayNotified: rcpt.DelayNotified,
			NullSender:    p.Message.Sender.IsNull(),
			Notify:        rcpt.Options.Notify,
			By:            p.Message.Options.By,
			Chance:        luck,
		})}
	}
	return fates
}

// begin is when a message was there to be delivered: when it came, or when it
// was no longer to be held (RFC 4865).
func begin(m *queue.Message) time.Time { return later(m.Received, m.NotBefore) }

// report writes a line and counts, for each recipient.
func (r *Runner) report(p Parcel, fates []fate, took time.Duration) {
	enabled := r.options.Logger.Enabled(context.Background(), slog.LevelInfo)
	for i := range fates {
		f := &fates[i]
		if m := r.options.Metrics; m != nil {
			m.Attempted(f.result, took)
			m.Judged(f.verdict)
		}
		if !enabled {
			continue
		}
		attrs := []any{
			"queue_id", p.Message.ID.String(), "from", p.Message.Sender.Address.String(),
			"to", f.recipient.Address.String(), "result", f.result.Kind.String(),
			"host", f.result.Remote, "address", f.result.Address, "tls", f.result.TLS,
			"code", f.result.Code.String(), "reply", f.result.Text,
			"attempt", f.recipient.Attempts + 1, "took", took,
		}
		if f.result.Suspended {
			attrs = append(attrs, "suspended", true) // nobody was asked
		}
		if route := f.result.Route; route != nil && route.Name != "" {
			attrs = append(attrs, "route", route.Name)
		}
		if f.result.Err != nil {
			attrs = append(attrs, "error", f.result.Err)
		}
		if f.verdict.Outcome == queue.Deferred {
			attrs = append(attrs, "due", f.verdict.Due)
		}
		if f.verdict.Tell != "" {
			attrs = append(attrs, "told", string(f.verdict.Tell))
		}
		r.options.Logger.Info("delivery attempt", attrs...)
	}
}

// outcomes turns the fates into what the queue wants to know. If the sender
// could not be told of a failure, the recipient stays. If we were interrupted,
// the attempt does not count.
func outcomes(ctx context.Context, fates []fate, now time.Time, told bool) []queue.Outcome {
	list := make([]queue.Outcome, len(fates))
	for i, f := range fates {
		o := queue.Outcome{
			Kind: f.verdict.Outcome, Due: f.verdict.Due, At: now,
			Reply: f.result.Text, Host: f.result.Remote, Suspended: f.result.Suspended || f.result.Unreached,
			DelayNotified: f.recipient.DelayNotified || told && f.verdict.Tell == dsn.Delayed,
		}
		switch {
		case o.Kind == queue.Deferred && ctx.Err() != nil:
			o.Kind = queue.Released
		case o.Kind == queue.Failed && f.verdict.Tell != "" && !told:
			o.Kind, o.Due = queue.Deferred, now.Add(noticePause)
		}
		list[i] = o
	}
	return list
}

// finishAll tells the queue what has come of works, until there are no more.
func (r *Runner) finishAll(ctx context.Context, from <-chan queue.Finished) {
	list := make([]queue.Finished, 0, finishChunk)
	for {
		clear(list)
		if list = collect(list[:0], from); list == nil {
			return
		}
		r.finish(ctx, list)
	}
}

// finish tells the queue, as often as it takes: what the queue does not know
// is delivered again.
func (r *Runner) finish(ctx context.Context, list []queue.Finished) {
	for pause := storePause; ; pause = min(2*pause, maxStorePause) {
		err := r.options.Queue.FinishAll(list)
		if err == nil {
			if slices.ContainsFunc(list, comesBack) {
				r.Notify()
			}
			return
		}
		r.options.Logger.Error("queue does not take the outcome of deliveries", "deliveries", len(list), "error", err)
		if errors.Is(err, storage.ErrClosed) {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// comesBack reports whether a recipient of a work is to be tried again.
func comesBack(f queue.Finished) bool {
	return slices.ContainsFunc(f.Outcomes, func(o queue.Outcome) bool {
		return o.Kind == queue.Deferred || o.Kind == queue.Released
	})
}
