package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A QueuedMessage is a message that must still leave.
type QueuedMessage struct {
	ID         string            `json:"id"`
	Sender     string            `json:"sender"` // empty for the null sender
	Account    string            `json:"account,omitempty"`
	Size       int64             `json:"size"`
	Priority   int               `json:"priority,omitempty"` // of RFC 6710
	Received   time.Time         `json:"received"`
	Expires    time.Time         `json:"expires"`
	Recipients []QueuedRecipient `json:"recipients"`
	Header     string            `json:"header,omitempty"` // only if one message is shown
}

// A QueuedRecipient is one recipient of a queued message.
type QueuedRecipient struct {
	Address     string    `json:"address"`
	Destination string    `json:"destination"`
	Via         string    `json:"via,omitempty"` // where it was rerouted to, as host:port
	State       string    `json:"state"`         // waiting, leased or held
	Due         time.Time `json:"due"`
	Attempts    int       `json:"attempts"`
	Last        string    `json:"last,omitempty"` // what the last attempt came to
	LastHost    string    `json:"lastHost,omitempty"`
	LastAttempt time.Time `json:"lastAttempt,omitzero"`
}

// Queue calls fn for each queued message that has a recipient which filter
// selects, as the server finds them. An error of fn ends that.
func (c *Client) Queue(ctx context.Context, filter QueueFilter, fn func(QueuedMessage) error) error {
	return c.stream(ctx, "/v1/queue?"+filter.query(), func(d *json.Decoder) error {
		var line queueLine
		if err := d.Decode(&line); err != nil {
			return err
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
		return fn(line.QueuedMessage)
	})
}

// Queued returns all that Queue finds, for queues that fit in memory.
func (c *Client) Queued(ctx context.Context, filter QueueFilter) ([]QueuedMessage, error) {
	var list []QueuedMessage
	err := c.Queue(ctx, filter, func(m QueuedMessage) error {
		list = append(list, m)
		return nil
	})
	return list, err
}

// A queueLine is one line of a listing: a message, or what went wrong.
type queueLine struct {
	QueuedMessage
	failure
}

// stream reads an answer that is many JSON values.
func (c *Client) stream(ctx context.Context, path string, next func(*json.Decoder) error) error {
	req, err := http.NewRequestWithContext(ctx, "GET", "http://mailstead"+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			return wrapped.Err
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		return failureOf(resp)
	}
	d := json.NewDecoder(resp.Body)
	for {
		if err := next(d); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// QueuedMessage shows one queued message with its header.
func (c *Client) QueuedMessage(ctx context.Context, id string) (QueuedMessage, error) {
	var m QueuedMessage
	err := c.do(ctx, "GET", "/v1/queue/"+url.PathEscape(id), nil, &m)
	return m, err
}

// RetryQueued makes recipients that filter selects due at once, and returns
// how many there were.
func (c *Client) RetryQueued(ctx context.Context, filter QueueFilter) (int, error) {
	return c.changeQueued(ctx, "retry", filter.query())
}

// DropQueued removes recipients that filter selects, without a bounce.
func (c *Client) DropQueued(ctx context.Context, filter QueueFilter) (int, error) {
	return c.changeQueued(ctx, "drop", filter.query())
}

// HoldQueued keeps recipients that filter selects from being tried.
func (c *Client) HoldQueued(ctx context.Context, filter QueueFilter) (int, error) {
	return c.changeQueued(ctx, "hold", filter.query())
}

// ReleaseQueued ends HoldQueued.
func (c *Client) ReleaseQueued(ctx context.Context, filter QueueFilter) (int, error) {
	return c.changeQueued(ctx, "release", filter.query())
}

// RerouteQueued sends recipients that filter selects elsewhere: to the hosts of
// a domain, to one host if to is host:port, or where they were to go at first
// if it is empty.
func (c *Client) RerouteQueued(ctx context.Context, filter QueueFilter, to string) (int, error) {
	return c.changeQueued(ctx, "reroute", filter.query()+"&to="+url.QueryEscape(to))
}

func (c *Client) changeQueued(ctx context.Context, verb, query string) (int, error) {
	var n Count
	err := c.do(ctx, "POST", "/v1/queue/"+verb+"?"+query, nil, &n)
	return n.Count, err
}

// A QueueFilter selects recipients in the queue; empty fields match all.
type QueueFilter struct {
	ID        string
	Sender    string
	Recipient string
	Domain    string // that mail is sent to
	State     string // waiting, leased or held
	Account   string // that submitted the message
	Older     string // received longer ago than this duration
	Newer     string // received less long ago
}

// Empty reports whether the filter selects everything.
func (f QueueFilter) Empty() bool { return f == QueueFilter{} }

// fields are the filter's parts by their names in a request.
func (f *QueueFilter) fields() map[string]*string {
	return map[string]*string{
		"id": &f.ID, "sender": &f.Sender, "recipient": &f.Recipient, "domain": &f.Domain,
		"state": &f.State, "account": &f.Account, "older": &f.Older, "newer": &f.Newer,
	}
}

func (f QueueFilter) query() string {
	v := url.Values{}
	for name, value := range f.fields() {
		if *value != "" {
			v.Set(name, *value)
		}
	}
	return v.Encode()
}

func filterOf(v url.Values) (f QueueFilter) {
	for name, value := range f.fields() {
		*value = v.Get(name)
	}
	return f
}
