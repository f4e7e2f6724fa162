package imapclient

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Sort runs SORT, or UID SORT if kind is imap.NumUID. program is what stands
// behind that word in the grammar of RFC 5256 §5 and RFC 5267 §3, such as
// "RETURN (MIN) (REVERSE DATE) UTF-8 UNSEEN", in ASCII without literals. The
// result is in the order of the SORT, Min and Max its ends.
func (c *Client) Sort(ctx context.Context, kind imap.NumKind, program string) (*SearchResult, error) {
	p, err := c.searching(ctx, kind, "SORT", program)
	if err != nil {
		return nil, err
	}
	return p.search, nil
}

// sortData takes a SORT response, whose form is that of the older SEARCH
// response.
func (c *Client) sortData() error {
	if c.current.search == nil {
		return imapwire.Syntax("SORT response was not asked for")
	}
	return c.numbers(c.current.search)
}
