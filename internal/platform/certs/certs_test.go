package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

func selfSigned(t *testing.T, folder, hostname string, at time.Time) Pair {
	t.Helper()
	pair, err := SelfSigned(folder, hostname, at)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSelfSignedIsKept(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tls")
	now := time.Now()
	pair := selfSigned(t, folder, "mail.example.test", now)
	first := content(t, pair.CertFile)
	for _, step := range []struct {
		name     string
		hostname string
		at       time.Time
		spoil    func()
		same     bool
	}{
		{"again", "mail.example.test", now.Add(time.Hour), func() {}, true},
		{"long after", "mail.example.test", now.Add(selfSignedFor - selfSignedSpare - time.Minute), func() {}, true},
		{"localhost", "localhost", now, func() {}, true},
		{"about to expire", "mail.example.test", now.Add(selfSignedFor - selfSignedSpare), func() {}, false},
		{"another hostname", "other.example.test", now, func() {}, false},
		{"key lost", "other.example.test", now, func() { os.Remove(pair.KeyFile) }, false},
		{"torn", "other.example.test", now, func() { os.Truncate(pair.CertFile, 100) }, false},
		{"an address", "192.0.2.1", now, func() {}, false},
	} {
		step.spoil()
		selfSigned(t, folder, step.hostname, step.at)
		now := content(t, pair.CertFile)
		if same := now == first; same != step.same {
			t.Errorf("%s: same certificate is %v, want %v", step.name, same, step.same)
		}
		first = now
		if _, err := Open([]Pair{pair}, quiet); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

func TestKeyIsPrivate(t *testing.T) {
	t.Parallel()
	pair := selfSigned(t, filepath.Join(t.TempDir(), "new", "tls"), "localhost", time.Now())
	info, err := os.Stat(pair.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v", info.Mode())
	}
}

// handshake lets a client connect for name and returns what it was shown. The
// client trusts the certificate that it expects.
func handshake(t *testing.T, config, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	near, far := net.Pipe()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		defer far.Close()
		tls.Server(far, config).Handshake()
	})
	defer near.Close()
	conn := tls.Client(near, client)
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

func TestPicksByName(t *testing.T) {
	t.Parallel()
	var pairs []Pair
	for _, name := range []string{"a.example.test", "b.example.test", "*.wild.test"} {
		pairs = append(pairs, selfSigned(t, t.TempDir(), name, time.Now()))
	}
	k, err := Open(pairs, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]string{
		"a.example.test":       "a.example.test",
		"B.EXAMPLE.test":       "b.example.test",
		"x.wild.test":          "*.wild.test",
		"y.x.wild.test":        "a.example.test",
		"unknown.example.test": "a.example.test",
		"localhost":            "a.example.test",
		"":                     "a.example.test",
	} {
		shown, err := handshake(t, k.Config(), &tls.Config{ServerName: asked, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := shown.Subject.CommonName; got != want {
			t.Errorf("%q: got the certificate of %s, want %s", asked, got, want)
		}
	}
}

func TestClientCanTrustSelfSigned(t *testing.T) {
	t.Parallel()
	pair := selfSigned(t, t.TempDir(), "mail.example.test", time.Now())
	k, err := Open([]Pair{pair}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(content(t, pair.CertFile)))
	for _, name := range []string{"mail.example.test", "localhost", "127.0.0.1", "::1"} {
		if _, err := handshake(t, k.Config(), &tls.Config{ServerName: name, RootCAs: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := handshake(t, k.Config(), &tls.Config{ServerName: "localhost", RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	if until := time.Until(k.NotAfter()); until > selfSignedFor || until < selfSignedFor-time.Hour {
		t.Errorf("expires in %v", until)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	if _, err := Open(nil, quiet); err == nil {
		t.Error("no certificate is no error")
	}
	good := selfSigned(t, t.TempDir(), "localhost", time.Now())
	other := selfSigned(t, t.TempDir(), "localhost", time.Now())
	_, err := Open([]Pair{good, {"missing.pem", "missing.key"}, {good.CertFile, other.KeyFile}}, quiet)
	if err == nil || strings.Count(err.Error(), "certs:") != 2 {
		t.Errorf("want two problems, got %v", err)
	}
}

// TestReloadsChangedFiles replaces a certificate under a running keeper: first
// by garbage, which must not count, then by a good one.
func TestReloadsChangedFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pair := selfSigned(t, folder, "first.test", time.Now())
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k, err := Open([]Pair{pair}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { k.Run(ctx, time.Minute) })
		pass := func() {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
		}
		current := func() string { return k.index.Load().all[0].Leaf.Subject.CommonName }

		pass()
		if err := os.WriteFile(pair.CertFile, []byte("garbage"), 0o644); err != nil {
			t.Fatal(err)
		}
		pass()
		if current() != "first.test" || !strings.Contains(log.String(), "the old ones stay") {
			t.Errorf("after garbage: %s\n%s", current(), log.String())
		}
		if n := strings.Count(log.String(), "the old ones stay"); n != 1 {
			t.Errorf("said %d times that the files are bad, want once", n)
		}
		selfSigned(t, folder, "second.test", time.Now())
		pass()
		if current() != "second.test" {
			t.Errorf("still %s", current())
		}
		cancel()
		wg.Wait()
	})
}
