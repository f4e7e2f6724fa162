package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func backupCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use: "backup FOLDER", Short: "Copy all mail of a running server to a folder", Args: cobra.ExactArgs(1),
		Long: "Copy all mail of a running server, as it is at one moment, to a folder that does not exist yet. The\n" +
			"server goes on working. On the file system of the data folder most files are only linked, so that\n" +
			"a copy takes a moment and little room; for a copy that outlives the disk name a folder on another.\n\n" +
			"The copy is a data folder: to restore, stop the server and put the copy in the place of its data\n" +
			"folder, or start a server on it with --data. Check a copy with `mailstead verify --data FOLDER`.\n" +
			"If no server runs, plain copying of the data folder does the same.",
		Example: "  mailstead backup /backup/$(date +%F) && mailstead verify --data /backup/$(date +%F)",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			folder, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			made, err := c.Backup(cmd.Context(), folder)
			if errors.Is(err, admin.ErrNoServer) {
				return fmt.Errorf("%w: copy the data folder itself", err)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has all mail as it was a moment ago: %d packs of %s\n", folder, made.Packs, size(made.Bytes))
			return err
		},
	}
	t.flags(cmd)
	return cmd
}
