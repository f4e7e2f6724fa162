package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A POP3 is what an account shows over POP3, and under which rules.
type POP3 struct {
	Mailbox string `json:"mailbox"`
	Delete  string `json:"delete"` // "delete", "trash" or "hide"
	// LeaveDays is how many days a downloaded message may stay, or "forever".
	LeaveDays  string `json:"leaveDays"`
	LoginDelay string `json:"loginDelay"` // such as "1m30s"
	// Own names the fields that are the account's own, and not the server's
	// defaults.
	Own []string `json:"own,omitempty"`
}

// A POP3Change sets those rules of an account that are not nil. "default" is
// the server's default again.
type POP3Change struct {
	Mailbox    *string `json:"mailbox,omitempty"`
	Delete     *string `json:"delete,omitempty"`
	LeaveDays  *string `json:"leaveDays,omitempty"`
	LoginDelay *string `json:"loginDelay,omitempty"`
}

// Words in a POP3Change.
const (
	byDefault = "default"
	forever   = "forever"
)

// An OldUID is the unique-id that a message had on another server.
type OldUID struct {
	MessageID string `json:"messageId"`
	UID       string `json:"uid"`
}

// ImportedUIDs tells what became of OldUIDs.
type ImportedUIDs struct {
	Taken     int          `json:"taken"`     // given to a message now
	Known     int          `json:"known"`     // that the message had already
	Unmatched int          `json:"unmatched"` // without a message of that Message-ID
	Refused   []RefusedUID `json:"refused,omitempty"`
}

// A RefusedUID is an OldUID that was not taken.
type RefusedUID struct {
	OldUID
	Reason string `json:"reason"`
}

// pop3Of returns the policy of an account as it is shown.
func (a *API) pop3Of(ctx context.Context, id directory.AccountID) (POP3, error) {
	own, err := a.Directory.POP3(ctx, id)
	if err != nil {
		return POP3{}, err
	}
	all := own.Or(a.Retrieval.Defaults)
	p := POP3{
		Mailbox: all.Mailbox, Delete: string(all.Delete),
		LeaveDays: formatLeave(all.LeaveDays), LoginDelay: max(all.LoginDelay, 0).String(),
	}
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"mailbox", own.Mailbox != ""}, {"delete", own.Delete != ""},
		{"leaveDays", own.LeaveDays != 0}, {"loginDelay", own.LoginDelay != 0},
	} {
		if field.set {
			p.Own = append(p.Own, field.name)
		}
	}
	return p, nil
}

func formatLeave(days int) string {
	switch days {
	case directory.LeaveForever:
		return forever
	case directory.LeaveNothing:
		return "0"
	}
	return strconv.Itoa(days)
}

func (a *API) setPOP3(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	req, err := decode[POP3Change](r)
	if err != nil {
		return nil, err
	}
	change, err := a.parsePOP3(r.Context(), account.ID, req)
	if err != nil {
		return nil, err
	}
	if _, err := a.Directory.SetPOP3(r.Context(), account.ID, change); err != nil {
		return nil, err
	}
	return a.pop3Of(r.Context(), account.ID)
}

// parsePOP3 returns what a request changes.
func (a *API) parsePOP3(ctx context.Context, id directory.AccountID, req POP3Change) (func(*directory.POP3), error) {
	var to directory.POP3
	var err error
	if set(req.Mailbox) {
		if to.Mailbox, err = a.mailboxName(ctx, id, *req.Mailbox); err != nil {
			return nil, err
		}
	}
	if set(req.Delete) {
		to.Delete = directory.Deletion(*req.Delete)
	}
	if set(req.LeaveDays) {
		if to.LeaveDays, err = parseLeave(*req.LeaveDays); err != nil {
			return nil, err
		}
	}
	if set(req.LoginDelay) {
		if to.LoginDelay, err = parseDelay(*req.LoginDelay); err != nil {
			return nil, err
		}
	}
	return func(p *directory.POP3) {
		if req.Mailbox != nil {
			p.Mailbox = to.Mailbox
		}
		if req.Delete != nil {
			p.Delete = to.Delete
		}
		if req.LeaveDays != nil {
			p.LeaveDays = to.LeaveDays
		}
		if req.LoginDelay != nil {
			p.LoginDelay = to.LoginDelay
		}
	}, nil
}

func set(value *string) bool { return value != nil && *value != byDefault }

// mailboxName returns the name of a mailbox that must exist: else its user
// could not log in any more.
func (a *API) mailboxName(ctx context.Context, id directory.AccountID, name string) (string, error) {
	account, err := a.Mail.Account(ctx, mailstore.AccountID(id))
	if err != nil {
		return "", err
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return "", err
	}
	box, ok := tree.Find(name)
	if !ok {
		return "", fmt.Errorf("%w: the account has no mailbox %q", errRequest, name)
	}
	return box.Name, nil
}

func parseLeave(s string) (int, error) {
	days, err := strconv.ParseUint(s, 10, 16)
	switch {
	case s == forever:
		return directory.LeaveForever, nil
	case err != nil:
		return 0, fmt.Errorf("%w: %q is neither a number of days nor %q", errRequest, s, forever)
	case days == 0:
		return directory.LeaveNothing, nil
	}
	return int(days), nil
}

func parseDelay(s string) (time.Duration, error) {
	delay, err := time.ParseDuration(s)
	switch {
	case err != nil || delay < 0:
		return 0, fmt.Errorf("%w: %q is not a duration such as \"90s\"", errRequest, s)
	case delay == 0:
		return directory.NoLoginDelay, nil
	}
	return delay, nil
}

func (a *API) importUIDs(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	req, err := decode[[]OldUID](r)
	if err != nil {
		return nil, err
	}
	list := make([]retrieval.OldUID, len(req))
	for i, old := range req {
		list[i] = retrieval.OldUID(old)
	}
	done, err := a.Retrieval.ImportUIDs(r.Context(), account.ID, list)
	if err != nil {
		return nil, err
	}
	result := ImportedUIDs{Taken: done.Taken, Known: done.Known, Unmatched: done.Unmatched}
	for _, one := range done.Refused {
		result.Refused = append(result.Refused, RefusedUID{OldUID(one.OldUID), one.Reason})
	}
	return result, nil
}

// SetPOP3 changes what an account shows over POP3, and returns what it is then.
// An empty change only returns it.
func (c *Client) SetPOP3(ctx context.Context, address string, change POP3Change) (POP3, error) {
	var p POP3
	err := c.do(ctx, "PATCH", accountPath(address)+"/pop3", change, &p)
	return p, err
}

// ImportUIDs gives messages of an account the unique-ids that they had on
// another server.
func (c *Client) ImportUIDs(ctx context.Context, address string, list []OldUID) (ImportedUIDs, error) {
	var done ImportedUIDs
	err := c.do(ctx, "POST", accountPath(address)+"/uids", list, &done)
	return done, err
}
