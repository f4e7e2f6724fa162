package dsn

import (
	"fmt"
	"strconv"
	"strings"
)

// A Code is an enhanced status code (RFC 3463 §2). The zero Code is none.
type Code struct {
	Class   uint16 // 2 success, 4 persistent transient failure, 5 permanent failure
	Subject uint16 // where the trouble is: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy
	Detail  uint16
}

// String returns the code as "5.1.1".
func (c Code) String() string {
	return fmt.Sprintf("%d.%d.%d", c.Class, c.Subject, c.Detail)
}

// ParseCode reads a code like "5.1.1" from the start of a text. It returns the
// rest of the text, and whether there was a code: three numbers without
// leading zeros, the first of them 2, 4 or 5 (RFC 3463 §2).
func ParseCode(text string) (c Code, rest string, ok bool) {
	class, rest, ok := strings.Cut(text, ".")
	if !ok || class != "2" && class != "4" && class != "5" {
		return Code{}, text, false
	}
	subject, rest, ok := strings.Cut(rest, ".")
	if !ok {
		return Code{}, text, false
	}
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	c.Class = uint16(class[0] - '0')
	var okSubject, okDetail bool
	c.Subject, okSubject = codePart(subject)
	c.Detail, okDetail = codePart(rest[:end])
	rest = rest[end:]
	if !okSubject || !okDetail || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return Code{}, text, false
	}
	return c, rest, true
}

func codePart(s string) (uint16, bool) {
	if len(s) > 3 || len(s) > 1 && s[0] == '0' || strings.HasPrefix(s, "+") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

// advice tells a person what to do about a code. The most exact entry counts:
// first subject and detail, then the subject alone with detail 0.
var advice = map[Code]string{
	{0, 1, 0}:  "Check the address for mistakes in spelling, and ask the recipient whether it is still in use.",
	{0, 1, 2}:  "Check the part after the @ for mistakes in spelling. No mail system answers for this domain.",
	{0, 1, 10}: "This domain accepts no mail at all. Reach the recipient in another way, or at another address.",
	{0, 2, 0}:  "The mailbox exists but does not take the message. Reach the recipient in another way, or try again later.",
	{0, 2, 2}:  "The mailbox of the recipient is full. Try again later, or tell the recipient in another way.",
	{0, 2, 3}:  "Send a smaller message, for instance with a link to the files instead of the files.",
	{0, 3, 4}:  "Send a smaller message, for instance with a link to the files instead of the files.",
	{0, 3, 0}:  "The mail system of the recipient has a problem. Try again later; if it persists, tell the administrators there.",
	{0, 4, 0}:  "The mail system of the recipient could not be reached. Try again later; if it persists, tell the recipient in another way.",
	{0, 4, 7}:  "Delivery was tried for a long time without success. Try again later, or tell the recipient in another way.",
	{0, 5, 0}:  "The two mail systems did not understand each other. Show this message to your administrator.",
	{0, 6, 0}:  "The mail system of the recipient can not handle this kind of message. Send it in a simpler form, for instance as plain text.",
	{0, 7, 0}:  "The mail system of the recipient refuses the message by its rules. What it says above may tell why; if not, show this message to your administrator.",
}

// adviceFor returns what to do about a code, or a general remark.
func adviceFor(c Code) string {
	if text, ok := advice[Code{0, c.Subject, c.Detail}]; ok {
		return text
	}
	if text, ok := advice[Code{0, c.Subject, 0}]; ok {
		return text
	}
	return "What the mail system of the recipient says above may tell why; if not, show this message to your administrator."
}
