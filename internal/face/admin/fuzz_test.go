package admin_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
)

// FuzzAPI sends requests that the command line would not. They are refused, or
// work; none is an error of the server.
func FuzzAPI(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "accounts/ann@example.test", ""}, {"GET", "accounts/%2e%2e%2fx", ""}, {"GET", "accounts/%00@example.test/acl", ""}, {"GET", "trace?address=x&since=now&limit=-1", ""},
		{"POST", "accounts", `{"accounts":[{"address":"a@example.test","password":"x"}],"makeDomains":true}`}, {"POST", "accounts", `{"accounts":[{"address":""}]}`},
		{"PUT", "accounts/ann@example.test/password", `{"password":"x"}`}, {"PUT", "accounts/ann@example.test/quota", `{"quota":-9}`}, {"PUT", "accounts/ann@example.test/acl", `{"mailbox":"INBOX","identifier":"anyone","rights":"lr"}`},
		{"PATCH", "accounts/ann@example.test/pop3", `{"mailbox":"x\u0000","leave":"1d"}`}, {"POST", "accounts/ann@example.test/uids", `{"format":"dovecot","text":"3 V1 N2"}`},
		{"POST", "aliases", `{"address":"b@example.test","targets":["c@far.test"]}`}, {"DELETE", "aliases/all@example.test", ""}, {"PUT", "domains/xn--a", ""}, {"PUT", "domains/b\u00fccher.test", ""},
		{"POST", "queue/retry", `{"ids":["x"]}`}, {"POST", "queue/hold", `{"recipient":"*@far.test"}`}, {"GET", "queue?state=held", ""}, {"GET", "queue/AAAAAAAAAAAAA", ""}, {"POST", "accounts", "[[[[[[[["}, {"PUT", "accounts/ann@example.test/admin", "null"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	o := newOffice(f)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(o.dir, admin.SocketName))
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	f.Cleanup(client.CloseIdleConnections)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		at, err := url.Parse("http://admin/v1/" + path)
		if err != nil {
			return
		}
		request, err := http.NewRequestWithContext(t.Context(), method, at.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		response, err := client.Do(request)
		if err != nil {
			return // not a request of HTTP
		}
		defer response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			t.Errorf("%s %s %q is answered with %s", method, at, body, response.Status)
		}
	})
}
