package pop3server

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A command is a line of the client, taken apart.
type command struct {
	keyword string // in upper case
	rest    string // behind the first space, as it came
}

// The texts of errors in a command's form.
const (
	errUnknown  = badCommand("unknown command")
	errState    = badCommand("command not valid in this state")
	errArgument = badCommand("invalid arguments")
	errText     = badCommand("invalid characters")
)

// parseCommand takes a line without its CRLF. Arguments may be UTF-8, since
// names and passwords are met that are.
func parseCommand(line []byte) (command, error) {
	text := string(line)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return command{}, errText
	}
	keyword, rest, _ := strings.Cut(text, " ")
	return command{keyword: strings.ToUpper(keyword), rest: rest}, nil
}

// none checks that the command came without arguments.
func (cmd command) none() error {
	if strings.Trim(cmd.rest, " ") != "" {
		return errArgument
	}
	return nil
}

// numbers returns the arguments, which must be numbers, least to most of them.
func (cmd command) numbers(least, most int) ([]int, error) {
	numbers := make([]int, 0, most)
	for field := range strings.FieldsSeq(cmd.rest) {
		n, err := strconv.ParseUint(field, 10, strconv.IntSize-1)
		if err != nil || len(numbers) == most {
			return nil, errArgument
		}
		numbers = append(numbers, int(n))
	}
	if len(numbers) < least {
		return nil, errArgument
	}
	return numbers, nil
}

// perform does what a line asks for. On success it has sent the response.
func (c *conn) perform(ctx context.Context, line []byte) error {
	cmd, err := parseCommand(line)
	if err != nil {
		return err
	}
	if c.drop == nil {
		return c.authorization(ctx, cmd)
	}
	return c.transaction(ctx, cmd)
}

// authorization performs a command of the AUTHORIZATION state (RFC 1939 §4).
func (c *conn) authorization(ctx context.Context, cmd command) error {
	user := c.user
	c.user = "" // PASS must follow USER immediately (RFC 1939 §7)
	switch cmd.keyword {
	case "USER":
		return c.userCommand(cmd)
	case "PASS":
		return c.passCommand(ctx, user, cmd)
	case "AUTH":
		return c.authCommand(ctx, cmd)
	case "STLS":
		return c.stlsCommand(ctx, cmd)
	case "UTF8":
		return c.utf8Command(cmd)
	case "LANG":
		return c.langCommand(cmd)
	case "CAPA":
		return c.capaCommand(ctx, cmd)
	case "QUIT":
		return c.quitCommand(ctx, cmd)
	case "STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL":
		return errState
	}
	return errUnknown
}

// transaction performs a command of the TRANSACTION state (RFC 1939 §5).
func (c *conn) transaction(ctx context.Context, cmd command) error {
	switch cmd.keyword {
	case "STAT":
		return c.statCommand(cmd)
	case "LIST":
		return c.listCommand(cmd)
	case "UIDL":
		return c.uidlCommand(cmd)
	case "RETR":
		return c.retrCommand(ctx, cmd)
	case "TOP":
		return c.topCommand(ctx, cmd)
	case "DELE":
		return c.deleCommand(cmd)
	case "RSET":
		return c.rsetCommand(cmd)
	case "NOOP":
		return c.noopCommand(cmd)
	case "LANG":
		return c.langCommand(cmd)
	case "CAPA":
		return c.capaCommand(ctx, cmd)
	case "QUIT":
		return c.quitCommand(ctx, cmd)
	case "USER", "PASS", "AUTH", "STLS", "UTF8":
		return errState
	}
	return errUnknown
}
