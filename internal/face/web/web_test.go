package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/tlspolicy"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	policy := &tlspolicy.Policy{Mode: tlspolicy.Enforce, MX: []string{"mx.example.test"}, MaxAge: time.Hour}
	o := Options{Policy: policy, Logger: slog.New(slog.DiscardHandler), HasDomain: func(_ context.Context, d address.Domain) (bool, error) {
		if d.String() == "broken.test" {
			return false, errors.New("no disk")
		}
		return d.String() == "example.test", nil
	}}
	none := o
	none.Policy = nil
	const path = "/.well-known/mta-sts.txt"
	for _, c := range []struct {
		options       Options
		method        string
		host, path    string
		status        int
		wantThePolicy bool
	}{
		{o, "GET", "mta-sts.example.test", path, 200, true},
		{o, "GET", "MTA-STS.Example.Test:443", path, 200, true},
		{o, "GET", "mta-sts.elsewhere.test", path, 404, false},
		{o, "GET", "example.test", path, 404, false},
		{o, "GET", "mta-sts.", path, 404, false},
		{o, "GET", "mta-sts.broken.test", path, 503, false},
		{o, "GET", "mta-sts.example.test", "/", 404, false},
		{o, "POST", "mta-sts.example.test", path, 405, false},
		{none, "GET", "mta-sts.example.test", path, 404, false},
	} {
		r := httptest.NewRequest(c.method, path, http.NoBody)
		r.Host, r.URL.Path = c.host, c.path
		w := httptest.NewRecorder()
		NewHandler(c.options).ServeHTTP(w, r)
		if w.Code != c.status || (w.Body.String() == string(policy.Format())) != c.wantThePolicy {
			t.Errorf("%s %s%s: %d %q", c.method, c.host, c.path, w.Code, w.Body)
		}
	}
}
