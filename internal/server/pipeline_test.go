package server_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestPipelining sends the same commands to two equal servers, to one of them
// each when the one before it has been answered, to the other all at once: the
// answers must be the same, in the same order (RFC 9051 §5.5).
func TestPipelining(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			commands := randomCommands(rand.New(rand.NewPCG(seed, 5)), 120)
			slow, fast := startEqual(t), startEqual(t)
			one, all := oneByOne(slow, commands), atOnce(fast, commands, rand.New(rand.NewPCG(seed, 6)))
			for i := range min(len(one), len(all)) {
				if one[i] != all[i] {
					t.Fatalf("after\n%s\none by one:\n%s\npipelined:\n%s",
						strings.Join(one[max(0, i-10):i], "\n"), one[i], all[i])
				}
			}
			if len(one) != len(all) {
				t.Fatalf("%d lines one by one, %d pipelined", len(one), len(all))
			}
		})
	}
}

func startEqual(t *testing.T) *mailtest.IMAP {
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	return s.DialIMAP()
}

// randomCommands returns commands with their tags, from LOGIN to LOGOUT. Many
// of them fail, in all ways.
func randomCommands(r *rand.Rand, n int) []string {
	commands := []string{
		fmt.Sprintf("LOGIN %s %q", ann, mailtest.Password), "ENABLE CONDSTORE METADATA", appendCommand(r), "SELECT INBOX",
	}
	for range n {
		commands = append(commands, randomCommand(r))
	}
	commands = append(commands, "LOGOUT")
	for i := range commands {
		commands[i] = fmt.Sprintf("t%d %s\r\n", i, commands[i])
	}
	return commands
}

func appendCommand(r *rand.Rand) string {
	text := fmt.Sprintf("From: a@b.test\r\nDate: Tue, %d Mar 2026 10:00:00 +0000\r\nSubject: s%d\r\n\r\nbody %d\r\n", 1+r.IntN(9), r.IntN(9), r.IntN(9))
	return fmt.Sprintf("APPEND INBOX (\\Flagged) \" 3-Mar-2026 10:00:00 +0000\" {%d+}\r\n%s", len(text), text)
}

func randomCommand(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	set := fmt.Sprintf("%d:%s", 1+r.IntN(6), pick("1", "3", "7", "*"))
	box := pick("INBOX", "Trash", "a", "a/b", "Nowhere")
	flag := pick(`\Seen`, `\Deleted`, `\Flagged`, "$A")
	switch r.IntN(16) {
	case 0, 1:
		return appendCommand(r)
	case 2, 3:
		return pick("FETCH ", "UID FETCH ") + set + pick(" FLAGS", " (UID ENVELOPE)", " BODY[TEXT]", " (INTERNALDATE BODY.PEEK[HEADER])")
	case 4, 5:
		return pick("STORE ", "UID STORE ") + set + pick(" ", " +", " -") + "FLAGS" + pick("", ".SILENT") + " (" + flag + ")"
	case 6:
		return pick("SEARCH ", "UID SEARCH ", "SEARCH RETURN (SAVE COUNT) ") + pick("UNSEEN", "SUBJECT s1", "BODY 3", "$", "DELETED")
	case 7:
		return pick("COPY ", "UID COPY ", "MOVE ") + set + " " + box
	case 8:
		return pick("EXPUNGE", "UID EXPUNGE "+set, "NOOP", "CHECK")
	case 9:
		return pick("CREATE ", "DELETE ", "SUBSCRIBE ", "UNSUBSCRIBE ") + box
	case 10:
		return pick("RENAME a b", "RENAME b a", "RENAME a a/b")
	case 11:
		return pick(`LIST "" *`, `LIST "" * RETURN (STATUS (MESSAGES) METADATA (/shared/comment))`, `LSUB "" *`)
	case 12:
		return "STATUS " + box + " (MESSAGES UNSEEN UIDNEXT SIZE)"
	case 13:
		return pick("SETMETADATA "+box+` (/shared/comment "x")`, "GETMETADATA "+box+" /shared/comment",
			"SETMETADATA "+box+" (/shared/comment {3+}\r\nabc)")
	case 14:
		return pick("SELECT ", "EXAMINE ", "SELECT ") + pick(box, "INBOX", "INBOX")
	}
	return pick("NONSENSE", "FETCH", "FETCH x FLAGS", "STORE 1 FLAGS", "SEARCH NOTHING", "IDLE\r\nDONE", "CAPABILITY",
		"NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge))", "NOTIFY NONE")
}

// oneByOne returns all lines of the answers to commands that wait for each
// other.
func oneByOne(c *mailtest.IMAP, commands []string) []string {
	var lines []string
	for i, command := range commands {
		if first, rest, idle := strings.Cut(command, "IDLE\r\n"); idle {
			c.Write(first + "IDLE\r\n")
			for { // IDLE never fails, but may have news before "+"
				line := c.ReadLine()
				lines = append(lines, anyServers(line))
				if strings.HasPrefix(line, "+") {
					break
				}
			}
			command = rest
		}
		c.Write(command)
		lines = append(lines, answers(c, i)...)
	}
	return lines
}

// atOnce returns all lines of the answers to commands that are sent without
// looking at the answers, in pieces of any size.
func atOnce(c *mailtest.IMAP, commands []string, r *rand.Rand) []string {
	text := strings.Join(commands, "")
	var sending sync.WaitGroup
	sending.Go(func() {
		for len(text) > 0 {
			n := min(len(text), 1+r.IntN(2000))
			c.Write(text[:n])
			text = text[n:]
		}
	})
	var lines []string
	for i := range commands {
		lines = append(lines, answers(c, i)...)
	}
	sending.Wait()
	return lines
}

// answers reads up to the end of the answer to a command.
func answers(c *mailtest.IMAP, i int) []string {
	var lines []string
	for {
		line := c.ReadLine()
		lines = append(lines, anyServers(line))
		if strings.HasPrefix(line, fmt.Sprintf("t%d ", i)) {
			return lines
		}
	}
}

// ofThisServer are numbers that differ between equal servers: UIDVALIDITY
// begins with the time.
var ofThisServer = regexp.MustCompile(`\b1[0-9]{9}\b`)

// anyServers returns a line without what may differ.
func anyServers(line string) string { return ofThisServer.ReplaceAllString(line, "N") }
