// Growth measures how the cost of everyday work grows with the size of a
// mailbox and with the number of accounts, for `make bench-growth`.
//
//	bench-growth -mailstead BINARY [-sizes 1000,10000] [-accounts 10,1000] [-plot FILE]
//
// For each size it starts a server of its own on a new folder, fills it over
// the wire, starts it again and measures. It prints Markdown, and draws it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-growth:", err)
		os.Exit(1)
	}
}

// A setting is what the program is asked to do.
type setting struct {
	binary   string
	folder   string // where data goes
	plot     string
	sizes    []int
	accounts []int
	rounds   int
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	mailboxes := curve{Title: "messages in the mailbox"}
	for _, n := range s.sizes {
		if err := s.measureInto(ctx, &mailboxes, n, load{accounts: few, messages: n}); err != nil {
			return err
		}
	}
	accounts := curve{Title: "accounts"}
	for _, n := range s.accounts {
		if err := s.measureInto(ctx, &accounts, n, load{accounts: n, messages: ordinary}); err != nil {
			return err
		}
	}
	fmt.Print(mailboxes.markdown(), "\n", accounts.markdown())
	if s.plot == "" {
		return nil
	}
	return os.WriteFile(s.plot, []byte(plot(mailboxes, accounts)), 0o644)
}

// few accounts are there when mailboxes grow; an ordinary mailbox is in one of
// them when accounts do.
const (
	few      = 10
	ordinary = 1000
)

func parse(args []string) (setting, error) {
	var s setting
	flags := flag.NewFlagSet("bench-growth", flag.ContinueOnError)
	flags.StringVar(&s.binary, "mailstead", "bin/mailstead", "the server's binary")
	flags.StringVar(&s.folder, "dir", "/var/tmp", "folder for data, on a real disk")
	flags.StringVar(&s.plot, "plot", "", "SVG file to write")
	flags.IntVar(&s.rounds, "rounds", 200, "how often each thing is done")
	sizes := flags.String("sizes", "1000,10000,100000,1000000", "messages in the mailbox")
	accounts := flags.String("accounts", "10,1000,100000", "numbers of accounts")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	var err error
	if s.sizes, err = numbers(*sizes); err != nil {
		return s, err
	}
	s.accounts, err = numbers(*accounts)
	return s, err
}

func numbers(text string) ([]int, error) {
	var list []int
	for field := range strings.SplitSeq(text, ",") {
		if field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < few {
			return nil, fmt.Errorf("not a number from %d on: %q", few, field)
		}
		list = append(list, n)
	}
	return list, nil
}
