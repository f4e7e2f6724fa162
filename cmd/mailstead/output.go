package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// A target is how a verb finds the running server that it speaks to.
type target struct {
	data, config string
}

// flags adds the target's flags to a command and all below it.
func (t *target) flags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&t.data, "data", "", "data `folder` of the running server (default: that of --config, else ./mailstead-data)")
	cmd.PersistentFlags().StringVar(&t.config, "config", "", "configuration `file` of the running server")
}

// client returns a client for the running server.
func (t *target) client() (*admin.Client, error) {
	data, err := t.folder()
	if err != nil {
		return nil, err
	}
	return admin.NewClient(data), nil
}

// folder returns the data folder that is meant.
func (t *target) folder() (string, error) {
	switch {
	case t.data != "":
		return t.data, nil
	case t.config != "":
		c, err := loadConfig(t.config)
		if err != nil {
			return "", err
		}
		return c.Data, nil
	}
	if _, err := os.Stat(devData); err == nil {
		return devData, nil
	}
	return config.Default().Data, nil
}

// A listing prints rows for people or, with --json, values for machines.
type listing struct{ json bool }

func (l *listing) flag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&l.json, "json", false, "print JSON")
}

// print writes values as JSON, or one row of cells for each.
func print[T any](cmd *cobra.Command, l listing, header string, values []T, row func(T) string) error {
	if l.json {
		if values == nil {
			values = []T{}
		}
		return printJSON(cmd, values)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, header)
	for _, v := range values {
		fmt.Fprintln(w, row(v))
	}
	return w.Flush()
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(v)
}
