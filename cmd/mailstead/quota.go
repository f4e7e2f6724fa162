package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/platform/config"
)

func accountQuota(t *target) *cobra.Command {
	var storage, messages, mailboxes string
	cmd := &cobra.Command{
		Use:   "quota ADDRESS [--storage SIZE] [--messages N] [--mailboxes N]",
		Short: "Set what an account may store",
		Long:  "Set what an account may store: a number, \"none\" for no limit, or \"default\" for what the\nconfiguration says. What is not given stays as it is. It is in force at once.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := quotaChange(storage, messages, mailboxes)
			if err != nil {
				return err
			}
			c, err := t.client()
			if err != nil {
				return err
			}
			return c.SetQuota(cmd.Context(), args[0], change)
		},
	}
	cmd.Flags().StringVar(&storage, "storage", "", "`size` of all messages, such as 2GB")
	cmd.Flags().StringVar(&messages, "messages", "", "`number` of messages")
	cmd.Flags().StringVar(&mailboxes, "mailboxes", "", "`number` of mailboxes")
	return cmd
}

func quotaChange(storage, messages, mailboxes string) (admin.QuotaChange, error) {
	var change admin.QuotaChange
	for _, part := range [...]struct {
		flag, value string
		to          **int64
		parse       func(string) (int64, error)
	}{
		{"storage", storage, &change.Bytes, parseSize},
		{"messages", messages, &change.Messages, parseCount},
		{"mailboxes", mailboxes, &change.Mailboxes, parseCount},
	} {
		if part.value == "" {
			continue
		}
		n, err := quotaNumber(part.value, part.parse)
		if err != nil {
			return change, fmt.Errorf("--%s: %w", part.flag, err)
		}
		*part.to = &n
	}
	if change == (admin.QuotaChange{}) {
		return change, errors.New("give --storage, --messages or --mailboxes")
	}
	return change, nil
}

// quotaNumber reads a limit. A limit of 0 means that nothing may be added.
func quotaNumber(s string, parse func(string) (int64, error)) (int64, error) {
	switch s {
	case "default":
		return 0, nil
	case "none":
		return directory.NoQuota, nil
	}
	n, err := parse(s)
	if err == nil && n == 0 {
		n = directory.NothingMore
	}
	return n, err
}

func parseSize(s string) (int64, error) {
	var size config.Size
	err := size.UnmarshalText([]byte(s))
	return int64(size), err
}

func parseCount(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return int64(n), nil
}

// quotaText says what a number of a quota means.
func quotaText(n int64) string {
	switch n {
	case 0:
		return "default"
	case directory.NoQuota:
		return "none"
	case directory.NothingMore:
		return "0"
	}
	return strconv.FormatInt(n, 10)
}

// accountAdmin makes the verb that makes an account an administrator's, or no
// more.
func accountAdmin(t *target) *cobra.Command {
	var revoke bool
	cmd := &cobra.Command{
		Use:   "admin ADDRESS...",
		Short: "Let the users of accounts set the quotas of others over IMAP",
		Args:  cobra.MinimumNArgs(1),
		RunE: forEach(t, func(cmd *cobra.Command, c *admin.Client, address string) error {
			return c.SetAdmin(cmd.Context(), address, !revoke)
		}),
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, "let them no more")
	return cmd
}
