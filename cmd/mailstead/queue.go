package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func queueCommand() *cobra.Command {
	var t target
	cmd := &cobra.Command{Use: "queue", Short: "See and steer the mail that must still leave"}
	t.flags(cmd)
	cmd.AddCommand(queueList(&t), queueShow(&t),
		queueChange(&t, "retry", "Try recipients again now", (*admin.Client).RetryQueued),
		queueChange(&t, "drop", "Remove recipients without a bounce", (*admin.Client).DropQueued))
	return cmd
}

func filterFlags(cmd *cobra.Command, f *admin.QueueFilter) {
	cmd.Flags().StringVar(&f.Sender, "sender", "", "only messages from this `address`")
	cmd.Flags().StringVar(&f.Recipient, "recipient", "", "only this recipient's `address`")
	cmd.Flags().StringVar(&f.Domain, "domain", "", "only recipients in this `domain`")
}

func queueList(t *target) *cobra.Command {
	var l listing
	var filter admin.QueueFilter
	cmd := &cobra.Command{
		Use: "list", Short: "List queued messages", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			messages, err := c.Queue(cmd.Context(), filter)
			if err != nil {
				return err
			}
			return print(cmd, l, "ID\tRECEIVED\tSIZE\tSENDER\tRECIPIENTS", messages, func(m admin.QueuedMessage) string {
				var to []string
				for _, r := range m.Recipients {
					to = append(to, r.Address)
				}
				return fmt.Sprintf("%s\t%s\t%d\t<%s>\t%s", m.ID, m.Received.Format(time.DateTime), m.Size, m.Sender, strings.Join(to, " "))
			})
		},
	}
	l.flag(cmd)
	filterFlags(cmd, &filter)
	return cmd
}

func queueShow(t *target) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a queued message and what its recipients wait for", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			m, err := c.QueuedMessage(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(cmd, m)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s from <%s>, %d bytes, received %s, returned after %s\n\n",
				m.ID, m.Sender, m.Size, m.Received.Format(time.DateTime), m.Expires.Format(time.DateTime))
			return print(cmd, l, "RECIPIENT\tSTATE\tATTEMPTS\tNEXT\tLAST", m.Recipients, func(r admin.QueuedRecipient) string {
				return fmt.Sprintf("%s\t%s\t%d\t%s\t%s", r.Address, r.State, r.Attempts, r.Due.Format(time.DateTime), r.Last)
			})
		},
	}
	l.flag(cmd)
	return cmd
}

// queueChange makes a verb that changes the recipients that its flags select.
func queueChange(t *target, verb, short string, do changeQueue) *cobra.Command {
	var filter admin.QueueFilter
	var all bool
	cmd := &cobra.Command{
		Use: verb + " [ID] [flags]", Short: short, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				filter.ID = args[0]
			}
			if filter.Empty() && !all {
				return errors.New("which messages? Give an ID, a filter, or --all")
			}
			c, err := t.client()
			if err != nil {
				return err
			}
			n, err := do(c, cmd.Context(), filter)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d recipient(s)\n", n)
			return err
		},
	}
	filterFlags(cmd, &filter)
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	return cmd
}

// changeQueue is a method of the client that changes recipients.
type changeQueue = func(*admin.Client, context.Context, admin.QueueFilter) (int, error)
