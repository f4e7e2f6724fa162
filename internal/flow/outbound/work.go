package outbound

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// noticePause is how long a recipient waits whose sender could not be told.
const noticePause = 10 * time.Minute

// handle delivers one piece of work and tells the queue what came of it.
func (r *Runner) handle(ctx context.Context, w queue.Work) {
	p := Parcel{Message: w.Message, Destination: w.Destination, Recipients: w.Recipients}
	content, err := openContent(r.options.Store, w.Message)
	if err == nil {
		defer content.Close()
		p.Content = content
	}
	began := r.options.Now()
	results := r.deliver(ctx, p, err)
	now := r.options.Now()
	fates := r.judge(p, results, now)
	told := r.tell(ctx, p, fates, now)
	if told != nil {
		r.options.Logger.Error("sender could not be told", "queue_id", p.Message.ID.String(), "error", told)
	}
	r.report(p, fates, now.Sub(began))
	r.finish(ctx, w, outcomes(ctx, fates, now, told == nil))
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
		fates[i] = fate{recipient: rcpt, result: results[i], verdict: r.options.Schedule.Judge(Facts{
			Result:        results[i],
			Attempts:      rcpt.Attempts + 1,
			Received:      p.Message.Received,
			Expires:       p.Message.Expires,
			Now:           now,
			DelayNotified: rcpt.DelayNotified,
			NullSender:    p.Message.Sender.IsNull(),
			Notify:        rcpt.Options.Notify,
			Chance:        luck,
		})}
	}
	return fates
}

// report writes a line and counts, for each recipient.
func (r *Runner) report(p Parcel, fates []fate, took time.Duration) {
	for i := range fates {
		f := &fates[i]
		attrs := []any{
			"queue_id", p.Message.ID.String(), "from", p.Message.Sender.Address.String(),
			"to", f.recipient.Address.String(), "result", f.result.Kind.String(),
			"host", f.result.Remote, "address", f.result.Address, "tls", f.result.TLS,
			"code", f.result.Code.String(), "reply", f.result.Text,
			"attempt", f.recipient.Attempts + 1, "took", took,
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
		if m := r.options.Metrics; m != nil {
			m.Attempted(f.result, took)
			m.Judged(f.verdict)
		}
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
			Reply: f.result.Text, Host: f.result.Remote,
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

// finish tells the queue, as often as it takes: what the queue does not know
// is delivered again.
func (r *Runner) finish(ctx context.Context, w queue.Work, list []queue.Outcome) {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := r.options.Queue.Finish(w, list)
		if err == nil {
			return
		}
		r.options.Logger.Error("queue does not take the outcome of a delivery", "queue_id", w.Message.ID.String(), "error", err)
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
