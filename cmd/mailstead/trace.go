package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/model/journal"
)

func traceCommand() *cobra.Command {
	var t target
	var l listing
	limit := 10
	cmd := &cobra.Command{
		Use: "trace NAME", Short: "Tell what happened to a message", Args: cobra.ExactArgs(1),
		Long: "Tell what happened to a message: who brought it over which connection, what became of each\n" +
			"recipient, each attempt to send it on with the answer, and what its sender was told.\n\n" +
			"NAME is a Message-ID, the id in our Received field and in the reply to the message, a queue id,\n" +
			"or the address of a sender, a user or a recipient: then it is their newest messages. Case and\n" +
			"angle brackets do not matter. Messages are remembered as long as the setting trace.keep says.",
		Example: "  mailstead trace '<20261122.1@example.org>'\n  mailstead trace ann@example.org --limit 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.client()
			if err != nil {
				return err
			}
			found, err := c.Trace(cmd.Context(), args[0], limit)
			if err != nil {
				return err
			}
			if l.json {
				err = printJSON(cmd, found)
			} else {
				err = printJourneys(cmd.OutOrStdout(), found)
			}
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("nothing is known of %q", args[0])
			}
			return err
		},
	}
	t.flags(cmd)
	l.flag(cmd)
	cmd.Flags().IntVar(&limit, "limit", limit, fmt.Sprintf("how many `messages` of an address, at most %d", admin.MaxTraces))
	return cmd
}

// printJourneys writes each message as a paragraph.
func printJourneys(out io.Writer, found []journal.Journey) error {
	for i, one := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, printable(headline(one)))
		for k := range one {
			printEvent(out, &one[k])
		}
	}
	return nil
}

// headline names the message: what is known of it in any of its events.
func headline(one journal.Journey) string {
	var e journal.Event
	for i := range one {
		e.MessageID = cmp.Or(e.MessageID, one[i].MessageID)
		e.Sender = cmp.Or(e.Sender, one[i].Sender)
		e.Size = cmp.Or(e.Size, one[i].Size)
	}
	line := cmp.Or(e.MessageID, "a message without a Message-ID") + " from <" + strings.Trim(e.Sender, "<>") + ">"
	if e.Size > 0 {
		line += fmt.Sprintf(", %d bytes", e.Size)
	}
	return line
}

const eventTime = "2006-01-02 15:04:05.000"

func printEvent(out io.Writer, e *journal.Event) {
	line := e.Time.Local().Format(eventTime) + "  " + summary(e)
	fmt.Fprintln(out, "  "+printable(line))
	for _, detail := range details(e) {
		fmt.Fprintln(out, "      "+printable(detail))
	}
	for i := range e.Recipients {
		fmt.Fprintln(out, "      "+printable(fate(&e.Recipients[i])))
	}
	if e.More > 0 {
		fmt.Fprintf(out, "      and %d more\n", e.More)
	}
}

// summary says in a line what happened.
func summary(e *journal.Event) string {
	switch e.Kind {
	case journal.Received:
		return "received from " + peer(&e.Peer)
	case journal.Refused:
		return "refused to " + peer(&e.Peer)
	case journal.Attempt:
		where := peer(&e.Peer)
		if where == "" {
			where = "within this server"
		} else {
			where = "at " + where
		}
		return fmt.Sprintf("attempt %s, took %s", where, e.Took.Round(time.Millisecond))
	case journal.Notified:
		return "told <" + strings.Trim(e.Sender, "<>") + ">"
	}
	return string(e.Kind)
}

// peer describes the other end.
func peer(p *journal.Peer) string {
	if p.Name == "" && p.Address == "" {
		return ""
	}
	text := cmp.Or(p.Name, p.Address)
	if p.Name != "" && p.Address != "" {
		text += " (" + p.Address + ")"
	}
	text += ", " + cmp.Or(p.TLS, "no TLS")
	if p.With != "" {
		text += ", " + p.With
	}
	if p.User != "" {
		text += ", user " + p.User
	}
	return text
}

// details are the lines between the summary and the recipients.
func details(e *journal.Event) []string {
	var names, lines []string
	if e.Transaction != "" {
		names = append(names, "id "+e.Transaction)
	}
	if e.Queue != "" {
		names = append(names, "queue id "+e.Queue)
	}
	if e.Notice != "" {
		names = append(names, "by a message with the queue id "+e.Notice)
	}
	if len(names) > 0 && e.Kind != journal.Attempt {
		lines = append(lines, strings.Join(names, ", "))
	}
	if len(e.Verdict) > 0 {
		lines = append(lines, strings.Join(e.Verdict, "; "))
	}
	if e.Reply != "" {
		lines = append(lines, e.Reply)
	}
	return lines
}

// fate says where a recipient stands.
func fate(r *journal.Recipient) string {
	text := r.Address
	if r.Original != "" && r.Original != r.Address {
		text += " (by " + r.Original + ")"
	}
	text += ": " + string(r.Outcome)
	if r.Mailbox != "" {
		text += " in " + r.Mailbox
	}
	if r.Account != "" && r.Account != r.Address {
		text += " of " + r.Account
	}
	if r.Queue != "" {
		text += ", queue id " + r.Queue
	}
	if !r.Next.IsZero() {
		text += ", next attempt " + r.Next.Local().Format(time.DateTime)
	}
	if r.Reply != "" {
		text += ": " + r.Reply
	}
	return text
}

// printable keeps what strangers have said from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if r == '\r' {
			return -1
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
