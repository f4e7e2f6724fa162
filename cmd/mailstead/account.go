package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func accountCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{Use: "account", Short: "Add, list, change and remove accounts"}
	t.flags(cmd)
	cmd.AddCommand(accountAdd(&t), accountList(&t), accountShow(&t), accountPasswd(&t), accountQuota(&t), accountAdmin(&t),
		accountPOP3(&t), accountImportUIDL(&t),
		&cobra.Command{
			Use: "remove ADDRESS...", Short: "Remove accounts with all their mail", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, address string) error {
				return c.RemoveAccount(cmd.Context(), address)
			}),
		},
		&cobra.Command{
			Use: "disable ADDRESS...", Short: "Keep accounts from logging in and from getting mail", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, address string) error {
				return c.DisableAccount(cmd.Context(), address)
			}),
		},
		&cobra.Command{
			Use: "enable ADDRESS...", Short: "Let accounts that are disabled log in and get mail again", Args: cobra.MinimumNArgs(1),
			RunE: forEach(&t, func(cmd *cobra.Command, c *admin.Client, address string) error {
				return c.EnableAccount(cmd.Context(), address)
			}),
		},
	)
	return cmd
}

func accountAdd(t *target) *cobra.Command {
	var file string
	var makeDomains, shared bool
	cmd := &cobra.Command{
		Use:   "add ADDRESS | --from-file FILE",
		Short: "Add an account, or many from a file",
		Long:  "Add an account whose password is asked for (or read from standard input), or all of a file\nwith lines of an address, a space and a password.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			accounts, err := accountsToAdd(cmd, file, args, shared)
			if err != nil {
				return err
			}
			c, err := t.client()
			if err != nil {
				return err
			}
			added, err := c.AddAccounts(cmd.Context(), admin.AddAccounts{Accounts: accounts, MakeDomains: makeDomains})
			if err != nil {
				return err
			}
			return reportAdded(cmd.ErrOrStderr(), added)
		},
	}
	cmd.Flags().StringVar(&file, "from-file", "", "`file` with lines of an address, a space and a password")
	cmd.Flags().BoolVar(&shared, "shared", false, "nobody logs in to it: its mailboxes are for those given rights by mailstead acl")
	cmd.Flags().BoolVar(&makeDomains, "make-domains", false, "add the domains that are missing")
	return cmd
}

func accountsToAdd(cmd *cobra.Command, file string, args []string, shared bool) ([]admin.NewAccount, error) {
	switch {
	case file != "" && shared:
		return nil, errors.New("shared accounts are added one by one")
	case file != "" && len(args) > 0:
		return nil, errors.New("give either an address or --from-file")
	case file != "":
		return readUsers(file)
	case len(args) == 0:
		return nil, errors.New("which account? Give its address, or --from-file")
	}
	if shared {
		return []admin.NewAccount{{Address: args[0], Shared: true}}, nil
	}
	password, err := askPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
	return []admin.NewAccount{{Address: args[0], Password: password}}, err
}

// reportAdded prints the accounts that were not added.
func reportAdded(w io.Writer, added []admin.Added) error {
	failed := 0
	for _, one := range added {
		if one.Error != "" {
			failed++
			fmt.Fprintln(w, one.Error)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d accounts were not added", failed, len(added))
	}
	return nil
}

func accountList(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "list", Short: "List the accounts with what they keep", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			accounts, err := c.Accounts(cmd.Context())
			if err != nil {
				return err
			}
			return print(cmd, l, "ACCOUNT\tMESSAGES\tBYTES\tDISABLED", accounts, func(a admin.Account) string {
				return fmt.Sprintf("%s\t%d\t%d\t%t", a.Address, a.Messages, a.Bytes, a.Disabled)
			})
		},
	}
	l.flag(cmd)
	return cmd
}

func accountPasswd(t *target) *cobra.Command {
	return &cobra.Command{
		Use:   "passwd ADDRESS",
		Short: "Change an account's password, which is asked for (or read from standard input)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			password, err := askPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return c.SetPassword(cmd.Context(), args[0], password)
		},
	}
}
