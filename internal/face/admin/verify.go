package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// errNoFiles says that the store is not one of files.
var errNoFiles = errors.New("the server's store has no files")

// A verifyLine is one line of the answer to a verification: exactly one of its
// fields is set.
type verifyLine struct {
	Progress *integrity.Progress `json:"progress,omitempty"`
	Finding  *damage.Finding     `json:"finding,omitempty"`
	Summary  *integrity.Summary  `json:"summary,omitempty"`
	Error    string              `json:"error,omitempty"`
}

// progressStep is how many bytes or messages pass between two lines of progress.
const progressStep = 64 << 20

// verify checks the store beside everything else, and writes a line for each
// thing that it finds as it finds it.
func (a *API) verify(w http.ResponseWriter, r *http.Request) {
	view, err := a.view(r.Context())
	if err != nil {
		a.answer(func(*http.Request) (any, error) { return nil, err }).ServeHTTP(w, r)
		return
	}
	defer view.Close()
	quick, _ := strconv.ParseBool(r.URL.Query().Get("quick"))
	w.Header().Set("Content-Type", "application/jsonl")
	out := json.NewEncoder(w)
	told := int64(-progressStep)
	s, err := integrity.Verify(r.Context(), view, integrity.Options{
		Quick: quick,
		Found: func(f damage.Finding) {
			a.Logger.Error("damage found", "finding", f.String(), "do", f.Do)
			_ = out.Encode(verifyLine{Finding: &f}) // whoever still listens
		},
		Progress: func(p integrity.Progress) {
			if p.Done-told < progressStep && p.Done >= told {
				return
			}
			told = p.Done
			_ = out.Encode(verifyLine{Progress: &p})
			_ = http.NewResponseController(w).Flush()
		},
	})
	last := verifyLine{Summary: &s}
	if err != nil {
		last = verifyLine{Error: err.Error()}
	}
	_ = out.Encode(last)
}

// view returns a view of the store.
func (a *API) view(ctx context.Context) (*embedded.View, error) {
	store, ok := a.Store.(*embedded.Store)
	if !ok {
		return nil, errNoFiles
	}
	return store.View(ctx)
}

// Verify has the server check its store; see [integrity.Verify].
func (c *Client) Verify(ctx context.Context, o integrity.Options) (integrity.Summary, error) {
	var summary *integrity.Summary
	query := url.Values{"quick": {strconv.FormatBool(o.Quick)}}
	err := c.stream(ctx, "/v1/verify?"+query.Encode(), func(d *json.Decoder) error {
		var line verifyLine
		if err := d.Decode(&line); err != nil {
			return err
		}
		switch {
		case line.Error != "":
			return errors.New(line.Error)
		case line.Finding != nil && o.Found != nil:
			o.Found(*line.Finding)
		case line.Progress != nil && o.Progress != nil:
			o.Progress(*line.Progress)
		case line.Summary != nil:
			summary = line.Summary
		}
		return nil
	})
	if err == nil && summary == nil {
		err = errors.New("the server ended before it had checked everything")
	}
	if err != nil {
		return integrity.Summary{}, err
	}
	return *summary, nil
}

// ErrBackupRuns is what [Options.Backup] says if it is at work already: one at a
// time is enough for a disk.
var ErrBackupRuns = errors.New("another backup is being made")

// backup makes a copy of the data folder beside everything else.
func (a *API) backup(r *http.Request) (any, error) {
	want, err := decode[backupRequest](r)
	if err != nil {
		return nil, err
	}
	if a.Backup == nil {
		return nil, errNoFiles
	}
	made, err := a.Backup(r.Context(), want.Folder)
	if errors.Is(err, embedded.ErrBackupExists) {
		err = fmt.Errorf("%w: %w", errRequest, err)
	}
	return made, err
}

type backupRequest struct {
	Folder string `json:"folder"`
}

// Backup has the server copy its data folder to another, whose name must be
// absolute and which must not exist.
func (c *Client) Backup(ctx context.Context, folder string) (embedded.BackedUp, error) {
	var made embedded.BackedUp
	err := c.do(ctx, "POST", "/v1/backup", backupRequest{folder}, &made)
	return made, err
}
