package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/platform/config"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Print or check the configuration"}
	cmd.AddCommand(&cobra.Command{
		Use:   "example",
		Short: "Print every setting with its default and what it is for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := config.Example()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	})
	var file string
	check := &cobra.Command{
		Use:   "check",
		Short: "List every problem of a configuration, with its line",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := loadConfig(file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is fine\n", file)
			return err
		},
	}
	configFlag(check, &file)
	cmd.AddCommand(check)
	return cmd
}

func configFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", "mailstead.toml", "configuration `file`")
}

// loadConfig reads a configuration; its error shows all problems.
func loadConfig(file string) (*config.Config, error) {
	c, err := config.Load(file)
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, fmt.Errorf("%s has %d problem(s):\n%w", file, len(problems), problems)
	}
	return c, err
}
