package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
)

// SocketName is the name of the socket in the data folder.
const SocketName = "mailstead.sock"

// ErrNoServer says that no server answers on the socket.
var ErrNoServer = errors.New("no server is running")

// A Client speaks to the server that runs on a data folder.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client for the server on a data folder. It connects with
// the first request.
func NewClient(dataDir string) *Client {
	c := &Client{socket: filepath.Join(dataDir, SocketName)}
	c.http = &http.Client{Transport: &http.Transport{DialContext: c.dial}}
	return c
}

func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.socket)
	if err != nil {
		return nil, fmt.Errorf("%w on %s (%w)", ErrNoServer, filepath.Dir(c.socket), err)
	}
	return conn, nil
}

// Domains lists the domains.
func (c *Client) Domains(ctx context.Context) ([]Domain, error) {
	var all []Domain
	err := c.do(ctx, "GET", "/v1/domains", nil, &all)
	return all, err
}

// AddDomain adds a domain.
func (c *Client) AddDomain(ctx context.Context, name string) error {
	return c.do(ctx, "PUT", "/v1/domains/"+url.PathEscape(name), nil, nil)
}

// RemoveDomain removes a domain that has no addresses any more.
func (c *Client) RemoveDomain(ctx context.Context, name string) error {
	return c.do(ctx, "DELETE", "/v1/domains/"+url.PathEscape(name), nil, nil)
}

// Accounts lists the accounts.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	var all []Account
	err := c.do(ctx, "GET", "/v1/accounts", nil, &all)
	return all, err
}

func accountPath(address string) string { return "/v1/accounts/" + url.PathEscape(address) }

// Account shows one account.
func (c *Client) Account(ctx context.Context, address string) (Account, error) {
	var one Account
	err := c.do(ctx, "GET", accountPath(address), nil, &one)
	return one, err
}

// AddAccounts adds accounts, and tells what became of each.
func (c *Client) AddAccounts(ctx context.Context, add AddAccounts) ([]Added, error) {
	var added []Added
	err := c.do(ctx, "POST", "/v1/accounts", add, &added)
	return added, err
}

// RemoveAccount removes an account with all its mail.
func (c *Client) RemoveAccount(ctx context.Context, address string) error {
	return c.do(ctx, "DELETE", "/v1/accounts/"+url.PathEscape(address), nil, nil)
}

// DisableAccount keeps an account from logging in and from getting mail; its
// mail stays.
func (c *Client) DisableAccount(ctx context.Context, address string) error {
	return c.do(ctx, "PUT", "/v1/accounts/"+url.PathEscape(address)+"/disabled", nil, nil)
}

// EnableAccount undoes DisableAccount.
func (c *Client) EnableAccount(ctx context.Context, address string) error {
	return c.do(ctx, "DELETE", "/v1/accounts/"+url.PathEscape(address)+"/disabled", nil, nil)
}

// SetPassword changes the password of an account.
func (c *Client) SetPassword(ctx context.Context, address, to string) error {
	return c.do(ctx, "PUT", "/v1/accounts/"+url.PathEscape(address)+"/password", password{to}, nil)
}

// Aliases lists the aliases.
func (c *Client) Aliases(ctx context.Context) ([]Alias, error) {
	var all []Alias
	err := c.do(ctx, "GET", "/v1/aliases", nil, &all)
	return all, err
}

// AddAlias adds an alias.
func (c *Client) AddAlias(ctx context.Context, a Alias) error {
	return c.do(ctx, "POST", "/v1/aliases", a, nil)
}

// RemoveAlias removes an alias.
func (c *Client) RemoveAlias(ctx context.Context, address string) error {
	return c.do(ctx, "DELETE", "/v1/aliases/"+url.PathEscape(address), nil, nil)
}

// do makes a request. in and out are JSON bodies; nil is none.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://mailstead"+path, &body)
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
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func failureOf(resp *http.Response) error {
	var f failure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Error == "" {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	return errors.New(f.Error)
}
