package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Pair names the two files of one certificate, both PEM: the chain, leaf
// first, and the private key.
type Pair struct {
	CertFile, KeyFile string
}

// A Keeper holds the certificates of a server. Its methods may be called
// concurrently.
type Keeper struct {
	pairs  []Pair
	logger *slog.Logger
	index  atomic.Pointer[index]

	mu    sync.Mutex
	state []fileState // of the files as they were last read
}

// Open reads the certificates. The first is shown to clients that ask for no
// name or for a name that none has.
func Open(pairs []Pair, logger *slog.Logger) (*Keeper, error) {
	if len(pairs) == 0 {
		return nil, errors.New("certs: no certificate")
	}
	k := &Keeper{pairs: pairs, logger: logger}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads all files again. On an error, which tells of every pair that
// could not be used, nothing changes.
func (k *Keeper) Reload() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	state := k.stat()
	var certificates []*tls.Certificate
	var problems []error
	for _, pair := range k.pairs {
		c, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
		if err != nil {
			problems = append(problems, fmt.Errorf("certs: %s: %w", pair.CertFile, err))
			continue
		}
		certificates = append(certificates, &c)
	}
	k.state = state
	if err := errors.Join(problems...); err != nil {
		return err
	}
	k.index.Store(newIndex(certificates))
	for _, c := range certificates {
		k.logger.Info("certificate loaded", "names", c.Leaf.DNSNames, "until", c.Leaf.NotAfter)
	}
	return nil
}

// Run looks every so often whether a file has changed and reloads if so, until
// ctx ends.
func (k *Keeper) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !k.changed() {
			continue
		}
		if err := k.Reload(); err != nil {
			k.logger.Error("new certificates cannot be used, the old ones stay", "error", err)
		}
	}
}

// GetCertificate picks a certificate for a client, for use in a tls.Config.
func (k *Keeper) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return k.index.Load().pick(hello), nil
}

// Config returns a configuration for servers: TLS 1.2 or newer (RFC 8997 §3),
// with the cipher suites that Go holds to be good.
func (k *Keeper) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.GetCertificate}
}

// NotAfter returns when the first of the certificates expires.
func (k *Keeper) NotAfter() time.Time {
	var first time.Time
	for _, c := range k.index.Load().all {
		if first.IsZero() || c.Leaf.NotAfter.Before(first) {
			first = c.Leaf.NotAfter
		}
	}
	return first
}

// A fileState tells one version of a file from the next.
type fileState struct {
	modified time.Time
	size     int64
}

func (k *Keeper) changed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, now := range k.stat() {
		if now != k.state[i] {
			return true
		}
	}
	return false
}

// stat looks at all files; one that is missing has the zero state.
func (k *Keeper) stat() []fileState {
	var all []fileState
	for _, pair := range k.pairs {
		for _, name := range []string{pair.CertFile, pair.KeyFile} {
			var state fileState
			if info, err := os.Stat(name); err == nil {
				state = fileState{modified: info.ModTime(), size: info.Size()}
			}
			all = append(all, state)
		}
	}
	return all
}
