package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/flow/retrieval/uidfile"
)

func accountShow(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "show ADDRESS", Short: "Show all about an account", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			a, err := c.Account(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(cmd, a)
			}
			showAccount(cmd.OutOrStdout(), a)
			return nil
		},
	}
	l.flag(cmd)
	return cmd
}

func showAccount(w io.Writer, a admin.Account) {
	fmt.Fprintf(w, "account    %s\n", a.Address)
	for _, other := range a.Addresses {
		fmt.Fprintf(w, "also       %s\n", other)
	}
	fmt.Fprintf(w, "created    %s\ndisabled   %t\nshared     %t\nadmin      %t\nkeeps      %d messages, %d bytes\n",
		a.Created.Format("2006-01-02 15:04"), a.Disabled, a.Shared, a.Admin, a.Messages, a.Bytes)
	fmt.Fprintf(w, "quota      bytes %s, messages %s, mailboxes %s\n",
		quotaText(a.Quota), quotaText(a.QuotaMessages), quotaText(a.QuotaMailboxes))
	showPOP3(w, a.POP3)
}

// showPOP3 prints a policy; what is the account's own has a star.
func showPOP3(w io.Writer, p admin.POP3) {
	for _, line := range []struct{ label, field, value string }{
		{"POP3 mailbox", "mailbox", p.Mailbox},
		{"POP3 delete", "delete", p.Delete},
		{"POP3 leave, days", "leaveDays", p.LeaveDays},
		{"POP3 login delay", "loginDelay", p.LoginDelay},
	} {
		own := ""
		if strings.Contains(" "+strings.Join(p.Own, " ")+" ", " "+line.field+" ") {
			own = " *"
		}
		fmt.Fprintf(w, "%-18s %s%s\n", line.label, line.value, own)
	}
}

func accountPOP3(t *target) *cobra.Command {
	var l listing
	var mailbox, remove, leave, delay string
	cmd := &cobra.Command{
		Use:   "pop3 ADDRESS",
		Short: "Show or change what an account shows over POP3",
		Long: `Show what an account shows over POP3 and under which rules, or change that. A rule
that is the account's own is marked with a star; "default" makes it the server's
again, which is in [maildrop] of the configuration.

Time on the server counts from the end of the session that first downloaded a
message after the limit was set. What no POP3 client has downloaded stays.`,
		Example: "  mailstead account pop3 you@example.org --delete hide --leave-days 30",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			given := func(name string, value *string) *string {
				if cmd.Flags().Changed(name) {
					return value
				}
				return nil
			}
			p, err := c.SetPOP3(cmd.Context(), args[0], admin.POP3Change{
				Mailbox: given("mailbox", &mailbox), Delete: given("delete", &remove),
				LeaveDays: given("leave-days", &leave), LoginDelay: given("login-delay", &delay),
			})
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(cmd, p)
			}
			showPOP3(cmd.OutOrStdout(), p)
			return nil
		},
	}
	cmd.Flags().StringVar(&mailbox, "mailbox", "", "`name` of the mailbox that POP3 shows, or \"default\"")
	cmd.Flags().StringVar(&remove, "delete", "", "what deleting does: `delete`, \"trash\", \"hide\" (from POP3 alone) or \"default\"")
	cmd.Flags().StringVar(&leave, "leave-days", "", "`days` that a downloaded message may stay, 0 for none, \"forever\" or \"default\"")
	cmd.Flags().StringVar(&delay, "login-delay", "", "least `time` between logins, such as \"5m\", 0 for none, or \"default\"")
	l.flag(cmd)
	return cmd
}

func accountImportUIDL(t *target) *cobra.Command {
	var l listing
	var format string
	cmd := &cobra.Command{
		Use:   "import-uidl ADDRESS FILE",
		Short: "Give messages the POP3 unique-ids that they had on another server",
		Long: `Give the messages that POP3 shows of an account the unique-ids that they had on
another server, so that clients do not download them again. The messages must be
there already; they are found by their Message-ID. What a message gets it keeps
for ever.

FILE has lines of a Message-ID, a tab and a unique-id. Or it is a Maildir of
Dovecot, or the dovecot-uidlist in one, from which the messages came.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := uidfile.Read(args[1], format)
			if err != nil {
				return err
			}
			list := make([]admin.OldUID, len(found))
			for i, old := range found {
				list[i] = admin.OldUID(old)
			}
			c, err := t.client()
			if err != nil {
				return err
			}
			done, err := c.ImportUIDs(cmd.Context(), args[0], list)
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(cmd, done)
			}
			return reportImported(cmd, done)
		},
	}
	cmd.Flags().StringVar(&format, "uidl-format", uidfile.DovecotFormat, "the old server's pop3_uidl_format, for a Maildir: a `format` with %u, %v, %f, %g")
	l.flag(cmd)
	return cmd
}

// reportImported prints what was imported. Refusals are an error.
func reportImported(cmd *cobra.Command, done admin.ImportedUIDs) error {
	fmt.Fprintf(cmd.OutOrStdout(), "%d unique-ids imported, %d known already, %d without a message\n",
		done.Taken, done.Known, done.Unmatched)
	for _, one := range done.Refused {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s %s: %s\n", one.MessageID, one.UID, one.Reason)
	}
	if n := len(done.Refused); n > 0 {
		return fmt.Errorf("%d unique-ids were refused", n)
	}
	return nil
}
