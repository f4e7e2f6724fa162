package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func aclCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{
		Use:   "acl",
		Short: "List and change who has rights on the mailboxes of an account",
		Long: "List and change who has rights on the mailboxes of an account (RFC 4314).\n\n" +
			"An identifier is the address of an account or \"anyone\"; with - before it, rights are taken away\n" +
			"from whoever has them. Rights are letters: l see the mailbox, r read it, s mark messages seen,\n" +
			"w set other flags, i put messages in, p send mail to it, k make mailboxes below it, x delete it,\n" +
			"t mark messages deleted, e expunge them, a change the rights. What is made at the top of an\n" +
			"account takes the right k on INBOX.",
	}
	t.flags(cmd)
	cmd.AddCommand(aclList(&t), aclSet(&t), aclRemove(&t))
	return cmd
}

func aclList(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "list ACCOUNT [MAILBOX]", Short: "List who has rights on an account's mailboxes", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			mailbox := ""
			if len(args) > 1 {
				mailbox = args[1]
			}
			lists, err := c.ACLs(cmd.Context(), args[0], mailbox)
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(cmd, lists)
			}
			return print(cmd, l, "MAILBOX\tIDENTIFIER\tRIGHTS", aclRows(lists), func(r admin.ACLChange) string {
				return fmt.Sprintf("%s\t%s\t%s", r.Mailbox, r.Identifier, r.Rights)
			})
		},
	}
	l.flag(cmd)
	return cmd
}

// aclRows makes a row of each entry.
func aclRows(lists []admin.ACL) []admin.ACLChange {
	var rows []admin.ACLChange
	for _, list := range lists {
		for _, e := range list.Entries {
			rows = append(rows, admin.ACLChange{Mailbox: list.Mailbox, ACLEntry: e})
		}
	}
	return rows
}

func aclSet(t *target) *cobra.Command {
	return &cobra.Command{
		Use:     "set ACCOUNT MAILBOX IDENTIFIER RIGHTS",
		Short:   "Set the rights of an identifier, add them with +, take them away with -",
		Example: "  mailstead acl set team@example.org INBOX ann@example.org lrswite\n  mailstead acl set team@example.org INBOX anyone +p\n  mailstead acl set team@example.org INBOX ann@example.org -- -te",
		Args:    cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[3] == "" {
				return errors.New("no rights given: use remove")
			}
			return changeACL(cmd, t, args)
		},
	}
}

func aclRemove(t *target) *cobra.Command {
	return &cobra.Command{
		Use: "remove ACCOUNT MAILBOX IDENTIFIER", Short: "Remove an identifier and its rights", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeACL(cmd, t, append(args, ""))
		},
	}
}

func changeACL(cmd *cobra.Command, t *target, args []string) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	return c.ChangeACL(cmd.Context(), args[0], admin.ACLChange{
		Mailbox: args[1], ACLEntry: admin.ACLEntry{Identifier: args[2], Rights: args[3]},
	})
}
