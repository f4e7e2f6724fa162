package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
		queueChange(&t, "hold", "Keep recipients from being tried", (*admin.Client).HoldQueued),
		queueChange(&t, "release", "Let held recipients be tried again", (*admin.Client).ReleaseQueued),
		queueChange(&t, "retry", "Try recipients again now", (*admin.Client).RetryQueued),
		queueReroute(&t),
		queueChange(&t, "drop", "Remove recipients without a bounce", (*admin.Client).DropQueued))
	return cmd
}

func filterFlags(cmd *cobra.Command, f *admin.QueueFilter) {
	flags := cmd.Flags()
	flags.StringVar(&f.Sender, "sender", "", "only messages from this `address`")
	flags.StringVar(&f.Account, "account", "", "only messages that this account's `address` has submitted")
	flags.StringVar(&f.Recipient, "recipient", "", "only this recipient's `address`")
	flags.StringVar(&f.Domain, "domain", "", "only recipients whose mail goes to this `domain`")
	flags.StringVar(&f.Domain, "destination", "", "the same as --domain")
	flags.StringVar(&f.State, "state", "", "only recipients in this `state`: waiting, leased or held")
	flags.StringVar(&f.Older, "older", "", "only messages received longer ago than this `duration`, such as 90m or 36h")
	flags.StringVar(&f.Newer, "newer", "", "only messages received less long ago than this `duration`")
}

func queueList(t *target) *cobra.Command {
	var l listing
	var filter admin.QueueFilter
	cmd := &cobra.Command{
		Use: "list", Short: "List queued messages, as they are found", Args: cobra.NoArgs,
		Long: "List queued messages, as they are found. With --json each of the list has a line of its own.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			if l.json {
				return listQueueJSON(cmd, c, filter)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, queueColumns, "ID", "RECEIVED", "SIZE", "SENDER", "RECIPIENTS")
			return c.Queue(cmd.Context(), filter, func(m admin.QueuedMessage) error {
				_, err := fmt.Fprintf(out, queueColumns, m.ID, m.Received.Format(time.DateTime),
					strconv.FormatInt(m.Size, 10), "<"+m.Sender+">", strings.Join(recipientsOf(m), " "))
				return err
			})
		},
	}
	l.flag(cmd)
	filterFlags(cmd, &filter)
	return cmd
}

// listQueueJSON writes a JSON array, as its elements come.
func listQueueJSON(cmd *cobra.Command, c *admin.Client, filter admin.QueueFilter) error {
	out := cmd.OutOrStdout()
	before := "[\n"
	err := c.Queue(cmd.Context(), filter, func(m admin.QueuedMessage) error {
		text, err := json.Marshal(m)
		fmt.Fprintf(out, "%s%s", before, text)
		before = ",\n"
		return err
	})
	if before == "[\n" {
		fmt.Fprint(out, "[")
	}
	fmt.Fprint(out, "]\n")
	return err
}

// queueColumns are of fixed width, since the rows are not known beforehand.
const queueColumns = "%-13s  %-19s  %9s  %-30s  %s\n"

// recipientsOf names the recipients of a message, and their state if they do
// not just wait.
func recipientsOf(m admin.QueuedMessage) []string {
	var to []string
	for _, r := range m.Recipients {
		text := r.Address
		if r.State != "waiting" {
			text += " (" + r.State + ")"
		}
		to = append(to, text)
	}
	return to
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
			err = print(cmd, l, "RECIPIENT\tGOES TO\tSTATE\tATTEMPTS\tNEXT\tLAST HOST\tLAST", m.Recipients, func(r admin.QueuedRecipient) string {
				return fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s\t%s", r.Address, cmp.Or(r.Via, r.Destination), r.State, r.Attempts,
					r.Due.Format(time.DateTime), r.LastHost, r.Last)
			})
			fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n", strings.ReplaceAll(m.Header, "\r\n", "\n"))
			return err
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

// queueReroute sends recipients elsewhere.
func queueReroute(t *target) *cobra.Command {
	var to string
	var back bool
	cmd := queueChange(t, "reroute", "Send recipients to another host or domain", func(c *admin.Client, ctx context.Context, f admin.QueueFilter) (int, error) {
		if (to == "") != back {
			return 0, errors.New("where to? Give --to or --back")
		}
		return c.RerouteQueued(ctx, f, to)
	})
	cmd.Flags().StringVar(&to, "to", "", "the `host:port` that takes the mail, or a domain whose hosts do")
	cmd.Flags().BoolVar(&back, "back", false, "to where the mail was to go at first")
	return cmd
}
