// Command mailstead is a whole mail system in one binary. `mailstead --help`
// lists its verbs; README.md shows how to use them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mailstead:", err)
		if hint := hintFor(err); hint != "" {
			fmt.Fprintln(os.Stderr, hint)
		}
		os.Exit(exitCode(err))
	}
}

// exitCode tells damage that was found from what could not be done.
func exitCode(err error) int {
	if errors.Is(err, errDamaged) {
		return 2
	}
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "mailstead",
		Short:         "A whole mail system in one binary",
		Long:          "Mailstead receives, relays and submits mail over SMTP, keeps it, and serves it over IMAP and POP3.\n\nTry it: `mailstead dev` runs everything on this machine with nothing configured.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(devCommand(), serveCommand(), configCommand(), domainCommand(), accountCommand(),
		aliasCommand(), aclCommand(), queueCommand(), traceCommand(),
		verifyCommand(), backupCommand(), repairCommand(), versionCommand())
	return cmd
}

// hintFor says what to do next about an error.
func hintFor(err error) string {
	if errors.Is(err, admin.ErrNoServer) {
		return "Start one with `mailstead serve` or `mailstead dev`, or name its data folder with --data."
	}
	if errors.Is(err, embedded.ErrNoIndex) || errors.Is(err, storage.ErrCorrupt) {
		return "`mailstead repair --rebuild-index` makes the index again from what is stored; try it with --dry-run, and copy the data folder first."
	}
	return ""
}
