package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// errDamaged says that a verification has found something: the exit code is 2.
var errDamaged = errors.New("the store is damaged")

func verifyCommand() *cobra.Command {
	var t target
	var v verification
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that all stored mail is whole", Args: cobra.NoArgs,
		Long: "Check everything that is stored: each record and each piece of a message against its checksum,\n" +
			"what the index says of them, each mailbox's counts, UIDs and MODSEQs, quotas, the queue, accounts\n" +
			"and addresses. Nothing is changed. If a server runs on the data folder, it does the work beside\n" +
			"its own; if none does, the files are read.\n\n" +
			"Each finding says whose mail it touches and what to do, and how bad it is: lost cannot be read,\n" +
			"wrong contradicts something else, unused is space that nobody needs.\n\n" +
			"Exit codes: 0 all is whole, 2 something is lost or wrong, 1 it could not be checked.",
		Example: "  mailstead verify --data /var/lib/mailstead\n  mailstead verify --data /backup/monday --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := t.folder()
			if err != nil {
				return err
			}
			return v.run(cmd, data)
		},
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON: a line for each finding, and one with the summary")
	cmd.Flags().BoolVar(&v.quick, "quick", false, "do not read the content of messages")
	cmd.Flags().BoolVar(&v.silent, "silent", false, "do not show how far it is")
	return cmd
}

// A verification is what `mailstead verify` was asked for.
type verification struct{ json, quick, silent bool }

func (v *verification) run(cmd *cobra.Command, data string) error {
	out := json.NewEncoder(cmd.OutOrStdout())
	meter := newMeter(cmd.ErrOrStderr(), v.silent)
	s, err := verifyData(cmd.Context(), data, integrity.Options{
		Quick:    v.quick,
		Progress: meter.show,
		Found: func(f damage.Finding) {
			meter.clear()
			if v.json {
				_ = out.Encode(f) // a broken pipe shows with the summary
				return
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n    %s\n", printable(f.String()), f.Do)
		},
	})
	meter.clear()
	if err != nil {
		return err
	}
	if v.json {
		err = out.Encode(map[string]any{"summary": s, "clean": s.Clean()})
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), summaryLine(&s, v.quick))
	}
	if err == nil && !s.Clean() {
		err = errDamaged
	}
	return err
}

// verifyData checks the store of a data folder, through its server if one runs.
func verifyData(ctx context.Context, data string, o integrity.Options) (integrity.Summary, error) {
	view, err := embedded.OpenView(filepath.Join(data, "store"), embedded.Options{})
	if errors.Is(err, embedded.ErrLocked) {
		return admin.NewClient(data).Verify(ctx, o)
	}
	if err != nil {
		return integrity.Summary{}, err
	}
	s, err := integrity.Verify(ctx, view, o)
	return s, errors.Join(err, view.Close())
}

func summaryLine(s *integrity.Summary, quick bool) string {
	line := fmt.Sprintf("%d messages in %d mailboxes of %d accounts, %d in the queue", s.Messages, s.Mailboxes, s.Accounts, s.Queued)
	if !quick {
		line += fmt.Sprintf("; %d contents in %d packs of %s", s.Blobs, s.Packs, size(s.Bytes))
	}
	if s.Lost+s.Wrong+s.Unused == 0 {
		return line + ": all is whole"
	}
	return line + fmt.Sprintf(": %d lost, %d wrong, %d unused", s.Lost, s.Wrong, s.Unused)
}

func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", (n+1023)>>10)
}

// A meter shows how far a verification is, on a terminal.
type meter struct {
	out   io.Writer // nil if nobody looks
	shown bool
	last  string
}

func newMeter(out io.Writer, silent bool) *meter {
	file, ok := out.(*os.File)
	if !ok || silent {
		return new(meter)
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return new(meter)
	}
	return &meter{out: out}
}

func (m *meter) show(p integrity.Progress) {
	if m.out == nil {
		return
	}
	line := fmt.Sprintf("%s: %d messages", p.Stage, p.Done)
	if p.Total > 0 {
		line = fmt.Sprintf("%s: %d%% of %s", p.Stage, p.Done*100/p.Total, size(p.Total))
	}
	if line != m.last {
		fmt.Fprintf(m.out, "\r\x1b[K%s", line)
		m.last, m.shown = line, true
	}
}

func (m *meter) clear() {
	if m.shown {
		fmt.Fprint(m.out, "\r\x1b[K")
		m.shown, m.last = false, ""
	}
}
