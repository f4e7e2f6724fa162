// Large measures what IMAP commands take on a mailbox with many messages, for
// large.sh.
//
//	large fill    -imap ADDRESS -n COUNT
//	large measure -imap ADDRESS -n COUNT -label NAME -repeats N -pidfiles FILES
//	large table   RESULT...
//
// Fill makes the mailbox, always with the same messages, and prints how many MB
// they are; measure prints a
// JSON object of a server's times; table makes Markdown of such objects.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

const (
	mailbox  = "large"
	user     = "u1@example.test"
	password = "benchpass" // as in settings.sh
)

// longest is how long a single command may take.
const longest = 3 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "large:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: large fill|measure|table")
	}
	if args[0] == "table" {
		return printTables(args[1:])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	address := flags.String("imap", "127.0.0.1:143", "where the server listens")
	n := flags.Int("n", 100_000, "messages in the mailbox")
	label := flags.String("label", "", "name of the server in the tables")
	repeats := flags.Int("repeats", 3, "how often each command is repeated after the first time")
	pidFiles := flags.String("pidfiles", "", "files with the server's process ids")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	c, err := dial(ctx, *address)
	if err != nil {
		return err
	}
	defer c.close()
	switch args[0] {
	case "fill":
		return fill(c, *n)
	case "measure":
		r, err := measure(c, processes(strings.Split(*pidFiles, ",")), *n, *repeats)
		if err != nil {
			return err
		}
		r.Label = *label
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return fmt.Errorf("no such command: %s", args[0])
}

// batch is how many messages one APPEND takes. Dovecot looks at the whole
// Maildir for each command.
const batch = 500

// fill makes the mailbox with n messages, by MULTIAPPEND (RFC 3502).
func fill(c *conn, n int) error {
	if _, err := c.command("CREATE " + mailbox); err != nil {
		return err
	}
	mail := newMailbag(n)
	octets := 0
	for done := 0; done < n; {
		letters := make([]letter, 0, batch)
		for ; len(letters) < batch && done < n; done++ {
			letters = append(letters, mail.next())
			octets += len(letters[len(letters)-1].raw)
		}
		if err := c.append(mailbox, letters); err != nil {
			return err
		}
	}
	fmt.Println(octets / 1e6)
	return nil
}
