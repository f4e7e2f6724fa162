package smtpserver

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// lineEnds are what some server somewhere takes for the end of a line.
var lineEnds = []string{
	"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\n\n", "\r\r", "\r\x00\n", "\x00\r\n", "\x00\n", "\x00\r", "\r\n\x00", "\n\x00", "\x0b", "\x0c",
	"\x85", "\u0085", "\u2028", "\\r\\n", "=0D=0A", " \r\n", "\t\r\n", "\r \n", "",
}

// TestSmuggling has a second message behind what is nearly the end of the
// first: a dot between all pairs of line ends, at each place of the input's
// buffer, in one piece and octet by octet. Only CRLF "." CRLF ends a message,
// and if another server could have seen an end before, the message is refused.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	for _, before := range lineEnds {
		for _, after := range lineEnds {
			for _, prefix := range []int{0, 1, bigBuffer - 3, bigBuffer - 2, bigBuffer - 1} {
				begins := prefix == 0 && before == "" || strings.HasSuffix(before, "\r\n")
				if begins && strings.HasPrefix(after, "\r\n") {
					continue // the true end
				}
				checkSmuggling(t, prefix, before+"."+after)
			}
		}
	}
}

func checkSmuggling(t *testing.T, prefix int, end string) {
	t.Helper()
	const rest = "QUIT\r\n"
	text := strings.Repeat("x", prefix) + end + "MAIL FROM:<evil@x.test>\r\n"
	wire := text + ".\r\n" + rest
	readers := map[string]io.Reader{"whole": strings.NewReader(wire)}
	if prefix < smallBuffer {
		readers["by octet"] = iotest.OneByteReader(strings.NewReader(wire))
	}
	for way, r := range readers {
		in := newInput(r)
		in.grow()
		b := newDotBody(in)
		got, err := io.ReadAll(b)
		if drained := b.discard(1<<20, never); drained != nil {
			t.Fatalf("%q after %d, %s: %v", end, prefix, way, drained)
		}
		left, _ := io.ReadAll(io.MultiReader(strings.NewReader(string(in.window())), in.src))
		if string(left) != rest {
			t.Errorf("%q after %d, %s: the message ends before %q", end, prefix, way, left)
		}
		if dangerous := hasBare(text); dangerous != (err != nil) {
			t.Errorf("%q after %d, %s: refused is %v", end, prefix, way, err)
		}
		if err == nil && string(got) != unstuffed(text) {
			t.Errorf("%q after %d, %s: the text is changed", end, prefix, way)
		}
	}
}

// hasBare is a slow way to tell whether a text has NUL, or CR or LF on their own.
func hasBare(text string) bool {
	return strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n\x00")
}

// unstuffed takes the dots away that begin lines.
func unstuffed(text string) string {
	text = strings.TrimPrefix(text, ".")
	return strings.ReplaceAll(text, "\r\n.", "\r\n")
}

// TestPlainGarbage keeps the connection usable after each kind of line that is
// no command, and takes the message that follows.
func TestPlainGarbage(t *testing.T) {
	t.Parallel()
	const message = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nx\r\n.\r\n"
	for _, line := range []string{
		"", " ", "\x00", "\xff\xfe", "GET / HTTP/1.1", "EHLO", "EHLO a b", "MAIL", "MAIL FROM:", "MAIL FROM:<a@x.test", "MAIL TO:<a@x.test>",
		"RCPT TO:<b@y.test>", "DATA", "BDAT 0", "BDAT 3 LAST\r\nabc", "MAIL FROM:<" + strings.Repeat("a", 300) + "@x.test>",
		strings.Repeat("x", 5000), "MAIL FROM:<a@x.test> " + strings.Repeat("X=1 ", 400), "MAIL FROM:<a@x.test>\nRCPT TO:<b@y.test>",
		"ETRN", "BURL x LAST", "XCLIENT A=B", "XFORWARD", "AUTH", "STARTTLS", "HELP me", "VRFY", "EXPN",
	} {
		_, got := converse(t, Options{}, "EHLO c\r\n"+line+"\r\n"+message)
		if len(got) != 1 || fmt.Sprint(got[0].to) != "[<b@y.test>]" {
			t.Errorf("after %.40q: took %+v", line, got)
		}
	}
}
