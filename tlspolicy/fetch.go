package tlspolicy

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"time"
)

// FetcherOptions of a Fetcher. Zero values stand for the defaults.
type FetcherOptions struct {
	// Timeout bounds a fetch; default one minute (RFC 8461 §3.3).
	Timeout time.Duration
	// RootCAs verify the policy hosts; default those of the system.
	RootCAs *x509.CertPool
	// Dial opens connections, "mta-sts.example.org:443"; default is that of
	// net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Fetcher gets policies. It follows no redirect, keeps no connection and uses
// no proxy (RFC 8461 §3.3).
type Fetcher struct {
	client http.Client
}

// NewFetcher returns a Fetcher.
func NewFetcher(o FetcherOptions) *Fetcher {
	timeout := cmp.Or(o.Timeout, time.Minute)
	return &Fetcher{client: http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            o.Dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			TLSHandshakeTimeout:    timeout,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// Fetch gets the policy of a domain from its policy host. Its error says which
// of the result types of a report it is, see [ResultOf].
func (f *Fetcher) Fetch(ctx context.Context, domain string) (*Policy, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+policyHost+domain+policyPath, nil)
	if err != nil {
		return nil, Failure{Type: STSPolicyFetchError, Err: err}
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, fetchFailure(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, Failure{Type: STSPolicyFetchError, Err: fmt.Errorf("the policy host answers %s", response.Status)}
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return nil, Failure{Type: STSPolicyFetchError, Err: fmt.Errorf("the policy is %q and not text/plain", kind)}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, MaxPolicySize+1))
	if err != nil {
		return nil, Failure{Type: STSPolicyFetchError, Err: err}
	}
	if len(text) > MaxPolicySize {
		return nil, Failure{Type: STSPolicyInvalid, Err: errors.New("the policy is too long")}
	}
	policy, err := ParsePolicy(text)
	if err != nil {
		return nil, Failure{Type: STSPolicyInvalid, Err: err}
	}
	return policy, nil
}

// fetchFailure tells a certificate that does not count from a host that cannot
// be reached.
func fetchFailure(err error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return Failure{Type: STSWebPKIInvalid, Err: err}
	}
	return Failure{Type: STSPolicyFetchError, Err: err}
}
