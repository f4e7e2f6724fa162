package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func domainCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{Use: "domain", Short: "Add, list and remove the domains whose mail is kept"}
	t.flags(cmd)
	cmd.AddCommand(
		&cobra.Command{
			Use: "add DOMAIN...", Short: "Add domains", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, name string) error {
				return c.AddDomain(cmd.Context(), name)
			}),
		},
		&cobra.Command{
			Use: "remove DOMAIN...", Short: "Remove domains that have no addresses", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, name string) error {
				return c.RemoveDomain(cmd.Context(), name)
			}),
		},
		domainList(&t),
	)
	return cmd
}

func domainList(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "list", Short: "List the domains", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			domains, err := c.Domains(cmd.Context())
			if err != nil {
				return err
			}
			return print(cmd, l, "DOMAIN\tSINCE", domains, func(d admin.Domain) string {
				return fmt.Sprintf("%s\t%s", d.Name, d.Created.Format(time.DateOnly))
			})
		},
	}
	l.flag(cmd)
	return cmd
}

// forEach makes a verb that does the same with each of its arguments.
func forEach(t *target, do func(cmd *cobra.Command, c *admin.Client, arg string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := t.client()
		if err != nil {
			return err
		}
		for _, arg := range args {
			if err := do(cmd, c, arg); err != nil {
				return err
			}
		}
		return nil
	}
}
