package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// filter reads the filter of a request about the queue.
func filter(r *http.Request, now time.Time) (out queue.Filter, err error) {
	f := filterOf(r.URL.Query())
	if f.ID != "" {
		if out.ID, err = parseID(f.ID); err != nil {
			return out, err
		}
	}
	for _, a := range []struct {
		text string
		to   *address.Address
	}{{f.Sender, &out.Sender}, {f.Recipient, &out.Recipient}, {f.Account, &out.Account}} {
		if a.text == "" {
			continue
		}
		if *a.to, err = parseAddress(a.text); err != nil {
			return out, err
		}
	}
	if f.Domain != "" {
		if out.Destination, err = parseDomain(f.Domain); err != nil {
			return out, err
		}
	}
	if out.Before, err = ago(f.Older, now); err != nil {
		return out, err
	}
	if out.After, err = ago(f.Newer, now); err != nil {
		return out, err
	}
	out.State, err = parseState(f.State)
	return out, err
}

// ago returns when a duration before now was; zero for none.
func ago(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("%w: %q is not a duration such as \"90m\"", errRequest, text)
	}
	return now.Add(-d), nil
}

func parseState(text string) (queue.State, error) {
	switch s := queue.State(text); s {
	case "", queue.Waiting, queue.Leased, queue.Held:
		return s, nil
	}
	return "", fmt.Errorf("%w: %q is none of waiting, leased and held", errRequest, text)
}

// parseID reads a message's ID; one that cannot be read names no message.
func parseID(s string) (queue.ID, error) {
	id, err := queue.ParseID(s)
	if err != nil {
		return 0, queue.ErrNotFound
	}
	return id, nil
}

// listQueue writes a line for each message with its recipients, as they are
// read: a queue may be larger than memory. The recipients of one message come
// one after the other.
func (a *API) listQueue(w http.ResponseWriter, r *http.Request) {
	f, err := filter(r, a.Now())
	if err != nil {
		a.answer(func(*http.Request) (any, error) { return nil, err }).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := json.NewEncoder(w)
	var one *QueuedMessage
	var last queue.ID
	flush := func() error {
		if one == nil {
			return nil
		}
		return out.Encode(queueLine{QueuedMessage: *one})
	}
	err = a.Queue.List(f, func(m queue.Message, to queue.Recipient) error {
		if one == nil || m.ID != last {
			if err := flush(); err != nil {
				return err
			}
			described := describe(m)
			one, last = &described, m.ID
		}
		one.Recipients = append(one.Recipients, describeRecipient(to))
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		a.Logger.Error("queue was not listed", "err", err)
		_ = out.Encode(queueLine{failure: failure{err.Error()}}) // whoever still listens
	}
}

func (a *API) showQueued(r *http.Request) (any, error) {
	id, err := parseID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	m, recipients, err := a.Queue.Show(id)
	if err != nil {
		return nil, err
	}
	one := describe(m)
	for _, to := range recipients {
		one.Recipients = append(one.Recipients, describeRecipient(to))
	}
	one.Header, err = a.header(m)
	if errors.Is(err, storage.ErrDamaged) {
		return one, nil // what else is known of it is to be seen
	}
	return one, err
}

// maxHeader bounds the header that is shown.
const maxHeader = 64 << 10

// header reads the header of a message.
func (a *API) header(m queue.Message) (string, error) {
	blob, err := a.Store.OpenBlob(m.Blob)
	if errors.Is(err, storage.ErrNotFound) {
		return "", queue.ErrNotFound // it has left meanwhile
	}
	if err != nil {
		return "", err
	}
	defer blob.Close()
	text := make([]byte, min(maxHeader, blob.Size()))
	if _, err := blob.ReadAt(text, 0); err != nil && err != io.EOF {
		return "", err
	}
	head, _, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	return string(m.Prefix) + string(head), nil
}

// changeQueued does what a verb says with the recipients that a filter selects.
func (a *API) changeQueued(r *http.Request) (any, error) {
	f, err := filter(r, a.Now())
	if err != nil {
		return nil, err
	}
	n, err := a.change(r, f)
	a.Wake()
	return Count{n}, err
}

func (a *API) change(r *http.Request, f queue.Filter) (int, error) {
	switch verb := r.PathValue("verb"); verb {
	case "retry":
		a.TryAll() // before anything is due, so that nothing is put off
		return a.Queue.RetryNow(f, a.Now())
	case "drop":
		return a.Queue.Drop(f)
	case "hold":
		return a.Queue.Hold(f)
	case "release":
		return a.Queue.Release(f)
	case "reroute":
		to, err := parseReroute(r.URL.Query().Get("to"))
		if err != nil {
			return 0, err
		}
		return a.Queue.Reroute(f, to, a.Now())
	default:
		return 0, fmt.Errorf("%w: the queue has no verb %q", errRequest, verb)
	}
}

// parseReroute reads a domain or host:port; nothing is the way of before.
func parseReroute(text string) (to queue.Reroute, err error) {
	if text == "" {
		return to, nil
	}
	if to.Destination, err = address.ParseDomain(text); err == nil {
		return to, nil
	}
	relay, err := outbound.ParseRelay(text)
	if err != nil {
		return to, fmt.Errorf("%w: %w", errRequest, err)
	}
	return queue.Reroute{Via: relay.String()}, nil
}

func describe(m queue.Message) QueuedMessage {
	q := QueuedMessage{
		ID: m.ID.String(), Size: m.Size, Received: m.Received, Expires: m.Expires,
		Account: m.Account.String(), Priority: int(m.Options.Priority),
	}
	if m.Account.IsZero() {
		q.Account = ""
	}
	if !m.Sender.IsNull() {
		q.Sender = m.Sender.Address.String()
	}
	return q
}

func describeRecipient(r queue.Recipient) QueuedRecipient {
	return QueuedRecipient{
		Address: r.Address.String(), Destination: r.Destination.String(), Via: r.Via,
		State: string(r.State()), Due: r.Due, Attempts: r.Attempts,
		Last: r.LastReply, LastHost: r.LastHost, LastAttempt: r.LastAttempt,
	}
}
