package tlspolicy

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// policyServer is a policy host that answers as the handler does. Its
// certificate is for example.com and its subdomains alone.
func policyServer(t *testing.T, h http.HandlerFunc) *Fetcher {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	ca := newAuthority(t)
	s.TLS = ca.config(ca.issue(t, issueOptions{names: []string{"mta-sts.example.com"}}))
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
	return NewFetcher(FetcherOptions{RootCAs: roots, Timeout: 2 * time.Second, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasPrefix(address, "mta-sts.") || !strings.HasSuffix(address, ":443") {
			return nil, errors.New("not a policy host: " + address)
		}
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}})
}

func TestFetch(t *testing.T) {
	t.Parallel()
	f := policyServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "mta-sts.example.com" || r.URL.Path != "/.well-known/mta-sts.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte(examplePolicy))
	})
	want, err := ParsePolicy([]byte(examplePolicy))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Fetch(t.Context(), "example.com")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := f.Fetch(t.Context(), "example.org"); ResultOf(err) != STSWebPKIInvalid {
		t.Errorf("a certificate for another name: %v", err)
	}
}

func TestFetchFailures(t *testing.T) {
	t.Parallel()
	plain := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Write([]byte(text))
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    ResultType
	}{
		"missing":  {http.NotFound, STSPolicyFetchError},
		"redirect": {http.RedirectHandler("https://mta-sts.example.com/other", http.StatusMovedPermanently).ServeHTTP, STSPolicyFetchError},
		"html": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(examplePolicy))
		}, STSPolicyFetchError},
		"hangs":     {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, STSPolicyFetchError},
		"too long":  {plain(examplePolicy + strings.Repeat("x: y\n", 20_000)), STSPolicyInvalid},
		"malformed": {plain("version: STSv1\n"), STSPolicyInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := policyServer(t, c.handler)
			f.client.Timeout = 500 * time.Millisecond
			if p, err := f.Fetch(t.Context(), "example.com"); ResultOf(err) != c.want || p != nil {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}
