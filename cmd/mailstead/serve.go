package main

import (
	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/server"
)

func serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server as its configuration says",
		Long:  "Run a server as its configuration says. `mailstead config example` prints every setting.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(file)
			if err != nil {
				return err
			}
			if err := withoutCore(); err != nil {
				return err
			}
			tuneMemory(c)
			s, err := server.New(cmd.Context(), c, server.Options{Log: cmd.ErrOrStderr(), Version: version})
			if err != nil {
				return err
			}
			return runServer(cmd.Context(), s)
		},
	}
	configFlag(cmd, &file)
	return cmd
}
