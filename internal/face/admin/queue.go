package admin

import (
	"net/http"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
)

// filter reads the filter of a request about the queue.
func filter(r *http.Request) (queue.Filter, error) {
	f := filterOf(r.URL.Query())
	var out queue.Filter
	var err error
	if f.ID != "" {
		if out.ID, err = parseID(f.ID); err != nil {
			return out, err
		}
	}
	for _, a := range []struct {
		text string
		to   *address.Address
	}{{f.Sender, &out.Sender}, {f.Recipient, &out.Recipient}} {
		if a.text == "" {
			continue
		}
		if *a.to, err = parseAddress(a.text); err != nil {
			return out, err
		}
	}
	if f.Domain != "" {
		out.Destination, err = parseDomain(f.Domain)
	}
	return out, err
}

// parseID reads a message's ID; one that cannot be read names no message.
func parseID(s string) (queue.ID, error) {
	id, err := queue.ParseID(s)
	if err != nil {
		return 0, queue.ErrNotFound
	}
	return id, nil
}

// listQueue lists messages with their recipients; the recipients of one message
// come one after the other.
func (a *API) listQueue(r *http.Request) (any, error) {
	f, err := filter(r)
	if err != nil {
		return nil, err
	}
	list := []QueuedMessage{}
	var last queue.ID
	err = a.Queue.List(f, func(m queue.Message, to queue.Recipient) error {
		if len(list) == 0 || m.ID != last {
			list, last = append(list, describe(m)), m.ID
		}
		one := &list[len(list)-1]
		one.Recipients = append(one.Recipients, describeRecipient(to))
		return nil
	})
	return list, err
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
	return one, nil
}

func (a *API) retryQueued(r *http.Request) (any, error) {
	f, err := filter(r)
	if err != nil {
		return nil, err
	}
	n, err := a.Queue.RetryNow(f, time.Now())
	a.Wake()
	return Count{n}, err
}

func (a *API) dropQueued(r *http.Request) (any, error) {
	f, err := filter(r)
	if err != nil {
		return nil, err
	}
	n, err := a.Queue.Drop(f)
	return Count{n}, err
}

func describe(m queue.Message) QueuedMessage {
	q := QueuedMessage{ID: m.ID.String(), Size: m.Size, Received: m.Received, Expires: m.Expires}
	if !m.Sender.IsNull() {
		q.Sender = m.Sender.Address.String()
	}
	return q
}

func describeRecipient(r queue.Recipient) QueuedRecipient {
	return QueuedRecipient{
		Address: r.Address.String(), State: string(r.State()), Due: r.Due, Attempts: r.Attempts, Last: r.LastReply,
	}
}
