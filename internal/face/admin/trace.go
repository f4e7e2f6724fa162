package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mailstead/mailstead/internal/model/journal"
)

// MaxTraces is how many messages one question about an address may be about.
const MaxTraces = 1000

// errNoTrace says that there is nothing to be asked.
var errNoTrace = errors.New("messages are not traced here: the setting trace.keep is 0s")

// trace tells the journeys of the messages that a name belongs to.
func (a *API) trace(r *http.Request) (any, error) {
	if a.Journal == nil {
		return nil, errNoTrace
	}
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > MaxTraces {
		return nil, fmt.Errorf("%w: the limit must be from 1 to %d", errRequest, MaxTraces)
	}
	found, err := a.Journal.Find(query.Get("name"), limit)
	if found == nil {
		found = []journal.Journey{}
	}
	return found, err
}

// Trace returns what happened to the messages that a name belongs to: a
// Message-ID, a transaction, a queue id or an address. Of an address it is the
// newest messages, no more than limit.
func (c *Client) Trace(ctx context.Context, name string, limit int) ([]journal.Journey, error) {
	var found []journal.Journey
	query := url.Values{"name": {name}, "limit": {strconv.Itoa(limit)}}
	err := c.do(ctx, "GET", "/v1/trace?"+query.Encode(), nil, &found)
	return found, err
}
