package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/flow/sharing"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// maxBody bounds a request: a list of some hundred thousand new accounts.
const maxBody = 64 << 20

// Options are what an API is made of; all but Journal and Backup must be set.
type Options struct {
	Directory *directory.Directory
	Mail      *mailstore.Store
	Queue     *queue.Queue
	Store     storage.Store // that has the content of queued messages
	Retrieval *retrieval.Service
	Journal   *journal.Journal // nil if nothing is remembered
	// Backup copies the data folder to one that does not exist, or returns
	// ErrBackupRuns or embedded.ErrBackupExists; nil if there are no files to
	// be copied.
	Backup func(ctx context.Context, folder string) (embedded.BackedUp, error)
	// Wake makes the queue's runner look for due recipients.
	Wake func()
	// TryAll makes it ask every destination again, also those that are left
	// alone for now.
	TryAll func()
	Now    func() time.Time
	Logger *slog.Logger
}

// An API answers requests of the command line.
type API struct{ Options }

// New returns an API.
func New(o Options) *API { return &API{o} }

// Listen makes the socket in the data folder, in place of one that a dead
// server has left. The caller must hold the folder's lock.
func Listen(dataDir string) (net.Listener, error) {
	name := filepath.Join(dataDir, SocketName)
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ln, err := net.Listen("unix", name)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// Run serves requests until ctx is done.
func (a *API) Run(ctx context.Context, ln net.Listener) error {
	// What takes long, such as a backup, ends with the server.
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	srv := &http.Server{
		Handler:           http.MaxBytesHandler(a.handler(), maxBody),
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return requests },
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.Logger.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := srv.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			cancelRequests()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			err = srv.Shutdown(last)
		}
		stopped <- err
	})
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-stopped
}

func (a *API) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(*http.Request) (any, error){
		"GET /v1/domains":                     a.listDomains,
		"PUT /v1/domains/{name}":              a.addDomain,
		"DELETE /v1/domains/{name}":           a.removeDomain,
		"GET /v1/accounts":                    a.listAccounts,
		"POST /v1/accounts":                   a.addAccounts,
		"GET /v1/accounts/{address}":          a.showAccount,
		"DELETE /v1/accounts/{address}":       a.removeAccount,
		"PATCH /v1/accounts/{address}/pop3":   a.setPOP3,
		"POST /v1/accounts/{address}/uids":    a.importUIDs,
		"PUT /v1/accounts/{address}/password": a.setPassword,
		"PUT /v1/accounts/{address}/quota":    a.setQuota,
		"PUT /v1/accounts/{address}/admin":    a.setAdmin,
		"GET /v1/accounts/{address}/acl":      a.listACLs,
		"PUT /v1/accounts/{address}/acl":      a.changeACL,
		"PUT /v1/accounts/{address}/disabled": a.disableAccount,

		"DELETE /v1/accounts/{address}/disabled": a.enableAccount,

		"GET /v1/aliases":              a.listAliases,
		"POST /v1/aliases":             a.addAlias,
		"DELETE /v1/aliases/{address}": a.removeAlias,
		"GET /v1/trace":                a.trace,
		"POST /v1/backup":              a.backup,
		"GET /v1/queue/{id}":           a.showQueued,
		"POST /v1/queue/{verb}":        a.changeQueued,
	} {
		mux.Handle(pattern, a.answer(h))
	}
	mux.HandleFunc("GET /v1/queue", a.listQueue)
	mux.HandleFunc("GET /v1/verify", a.verify)
	return mux
}

// answer turns what a method returns into JSON.
func (a *API) answer(h func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := h(r)
		status := statusOf(err)
		if err != nil {
			if status == http.StatusInternalServerError {
				a.Logger.Error("admin request failed", "method", r.Method, "path", r.URL.Path, "err", err)
			}
			result = failure{err.Error()}
		}
		if result == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(result); err != nil {
			a.Logger.Debug("admin answer not written", "err", err)
		}
	})
}

// errRequest says that a request makes no sense.
var errRequest = errors.New("bad request")

func statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, directory.ErrNotFound), errors.Is(err, queue.ErrNotFound),
		errors.Is(err, mailstore.ErrNoMailbox):
		return http.StatusNotFound
	case errors.Is(err, directory.ErrExists), errors.Is(err, directory.ErrDomainInUse),
		errors.Is(err, directory.ErrAliasLoop), errors.Is(err, errNoTrace), errors.Is(err, ErrBackupRuns):
		return http.StatusConflict
	case errors.Is(err, errRequest), errors.Is(err, directory.ErrNoDomain), errors.Is(err, directory.ErrTargets),
		errors.Is(err, directory.ErrAddress), errors.Is(err, directory.ErrPassword),
		errors.Is(err, directory.ErrShared), errors.Is(err, sharing.ErrIdentifier), errors.Is(err, sharing.ErrOwner),
		errors.Is(err, mailstore.ErrTooManyGrants), errors.Is(err, errRights),
		errors.Is(err, directory.ErrPolicy):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// decode reads a request's body.
func decode[T any](r *http.Request) (T, error) {
	var v T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("%w: %w", errRequest, err)
	}
	return v, nil
}

func parseAddress(s string) (address.Address, error) {
	a, err := address.Parse(s)
	if err != nil {
		return a, fmt.Errorf("%w: %q is not an address: %w", errRequest, s, err)
	}
	return a, nil
}

func parseDomain(s string) (address.Domain, error) {
	d, err := address.ParseDomain(s)
	if err != nil {
		return d, fmt.Errorf("%w: %q is not a domain: %w", errRequest, s, err)
	}
	return d, nil
}
