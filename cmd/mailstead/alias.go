package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func aliasCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{Use: "alias", Short: "Add, list and remove addresses that stand for others"}
	t.flags(cmd)
	cmd.AddCommand(
		&cobra.Command{
			Use: "add ALIAS TARGET...", Short: "Let an address stand for others, here or elsewhere", Args: cobra.MinimumNArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				c, err := t.client()
				if err != nil {
					return err
				}
				return c.AddAlias(cmd.Context(), admin.Alias{Address: args[0], Targets: args[1:]})
			},
		},
		&cobra.Command{
			Use: "remove ALIAS...", Short: "Remove aliases", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, address string) error {
				return c.RemoveAlias(cmd.Context(), address)
			}),
		},
		aliasList(&t),
	)
	return cmd
}

func aliasList(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "list", Short: "List the aliases", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			aliases, err := c.Aliases(cmd.Context())
			if err != nil {
				return err
			}
			return print(cmd, l, "ALIAS\tTARGETS", aliases, func(a admin.Alias) string {
				return fmt.Sprintf("%s\t%s", a.Address, strings.Join(a.Targets, " "))
			})
		},
	}
	l.flag(cmd)
	return cmd
}
