package pop3client

import (
	"context"
	"fmt"
	"strings"
)

// UTF8 enters UTF-8 mode (RFC 6856 §2.1), which must be done before
// authentication and after StartTLS: messages then come as they are stored.
func (c *Client) UTF8(ctx context.Context) error { return c.simple(ctx, "UTF8") }

// A Language is one in which a server can give its responses.
type Language struct {
	Tag  string // RFC 5646
	Name string // in the language itself; may be empty
}

// maxLanguages bounds a list of languages.
const maxLanguages = 10_000

// Languages returns the languages of the server (RFC 6856 §3.2).
func (c *Client) Languages(ctx context.Context) ([]Language, error) {
	var list []Language
	err := c.do(ctx, func() error {
		return c.lines("LANG", maxLanguages, func(line string) error {
			tag, name, _ := strings.Cut(line, " ")
			list = append(list, Language{tag, name})
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Language asks for responses in a language that a basic language range
// matches, or for "*" the one that the server prefers. It returns the tag of the
// language chosen and a text in it.
func (c *Client) Language(ctx context.Context, wanted string) (tag, text string, err error) {
	if wanted == "" || strings.ContainsAny(wanted, " \t\r\n\x00") {
		return "", "", ErrArgument
	}
	err = c.do(ctx, func() error {
		line, err := c.command("LANG " + wanted)
		if err != nil {
			return err
		}
		if tag, text, _ = strings.Cut(line, " "); tag == "" {
			return fmt.Errorf("%w: no language tag", ErrProtocol)
		}
		return nil
	})
	return tag, text, err
}
