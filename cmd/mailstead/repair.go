package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

func repairCommand() *cobra.Command {
	var t target
	var rebuild, dry bool
	cmd := &cobra.Command{
		Use: "repair", Short: "Set right what `mailstead verify` finds wrong", Args: cobra.NoArgs,
		Long: "Set right what `mailstead verify` finds wrong in a data folder whose server is stopped. Counts,\n" +
			"quotas and references are made again from the messages that there are; messages whose content is\n" +
			"gone are dropped; messages that are in no mailbox go to the mailbox Recovered of their account.\n" +
			"Content that is damaged stays, and is refused when it is read: restore it from a backup.\n\n" +
			"With --rebuild-index the index is made again from the stored messages and the copy of the index\n" +
			"that the server makes every hour, and a second after accounts have changed: for an index that is\n" +
			"lost or cannot be opened. What was done after that copy and did not come with a message may be\n" +
			"lost: flags, moves, expunged messages, new mailboxes. Therefore mailboxes get a new UIDVALIDITY, clients read them anew, and messages in\n" +
			"the queue are held until somebody has looked at them. The old index is kept beside the new one.\n\n" +
			"A backup is better than a repair: restore one, if there is one. Copy the data folder before.",
		Example: "  mailstead repair --data /var/lib/mailstead --dry-run\n  mailstead repair --data /var/lib/mailstead --rebuild-index",
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := t.folder()
			if err != nil {
				return err
			}
			done := 0
			o := integrity.RepairOptions{DryRun: dry, Now: time.Now(), Did: func(f damage.Finding) {
				done++
				fmt.Fprintln(cmd.OutOrStdout(), printable(f.String()))
				if f.Do != "" {
					fmt.Fprintln(cmd.OutOrStdout(), "    "+f.Do)
				}
			}}
			store := filepath.Join(data, "store")
			if rebuild {
				var made embedded.Rebuilt
				made, err = integrity.Rebuild(cmd.Context(), store, o)
				if err == nil {
					printRebuilt(cmd, made)
				}
			} else {
				err = integrity.Repair(cmd.Context(), store, o)
			}
			if errors.Is(err, embedded.ErrLocked) {
				return fmt.Errorf("%w: stop the server first", err)
			}
			if err == nil {
				printRepaired(cmd, done, dry)
			}
			return err
		},
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&rebuild, "rebuild-index", false, "make the index again")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "do all the work, say what would be done, and change nothing")
	return cmd
}

func printRebuilt(cmd *cobra.Command, made embedded.Rebuilt) {
	from := "the packs alone: there is no copy of the index that can be read"
	if made.Checkpoint {
		from = "a copy of the index and the packs"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "index made from %s: %d packs, %d records read, %d damaged, %d packs unreadable, %d contents missing\n",
		from, made.Packs, made.Groups, made.Damaged, made.Broken, made.Missing)
	if made.Aside != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "the old index is in store/%s; remove it when all is well\n", made.Aside)
	}
}

func printRepaired(cmd *cobra.Command, done int, dry bool) {
	switch {
	case dry:
		fmt.Fprintln(cmd.OutOrStdout(), "nothing has been changed")
	case done == 0:
		fmt.Fprintln(cmd.OutOrStdout(), "there was nothing to repair")
	default:
		fmt.Fprintln(cmd.OutOrStdout(), "done; `mailstead verify` shows what is left")
	}
}
