package pop3server

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/sasl"
)

// A badCommand is an error of the client's grammar. Too many of them end the
// connection.
type badCommand string

func (b badCommand) Error() string { return string(b) }

// refuse answers a command with "-ERR". It returns an error if the connection
// must end now.
func (c *conn) refuse(ctx context.Context, err error) error {
	answer, known := response(err)
	if !known || answer.Err != nil {
		c.log.ErrorContext(ctx, "POP3 command failed", "error", err)
	}
	text := c.printable(c.text(answer.Text))
	if answer.Code != "" {
		text = "[" + string(answer.Code) + "] " + text
	}
	c.line("-ERR ", text)
	var bad badCommand
	if errors.As(err, &bad) {
		c.badCommands++
		if c.badCommands >= c.limits.BadCommands {
			c.linger = true
			return errors.New("too many bad commands")
		}
	}
	return nil
}

// response maps an error to what the client is told. It is the only place
// that does. For an unknown error it returns false.
func response(err error) (answer *pop3.Error, known bool) {
	var bad badCommand
	switch {
	case errors.As(err, &answer):
		return answer, true
	case errors.As(err, &bad):
		return &pop3.Error{Text: string(bad)}, true
	case isAuthFailure(err):
		return &pop3.Error{Code: pop3.CodeAuth, Text: "authentication failed"}, true
	}
	return &pop3.Error{Code: pop3.CodeTemporary, Text: "temporary failure, try again later"}, false
}

// isAuthFailure says that the client's credentials are at fault. All such
// failures look alike to the client, unless the Session chose its own words.
func isAuthFailure(err error) bool {
	var told *pop3.Error
	return errors.Is(err, sasl.ErrCredentials) ||
		errors.Is(err, sasl.ErrAuthorization) ||
		errors.Is(err, sasl.ErrDisabled) ||
		errors.As(err, &told) && told.Code == pop3.CodeAuth
}

// maxText leaves room for status and code in a response of 512 octets.
const maxText = 400

// printable makes a text from the Session fit to be sent: in English as ASCII,
// and in UTF-8 once the client has chosen another language (RFC 6856 §3.2).
func (c *conn) printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r > 0x7f && (c.language.tag == English || !unicode.IsPrint(r)) {
			return '?'
		}
		return r
	}, text)
	for len(text) > maxText {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
