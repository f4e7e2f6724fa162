package imapwire

import (
	"time"
	"unicode/utf8"

	"github.com/mailstead/mailstead/imap"
)

// Mailbox takes a mailbox name and returns it as UTF-8, in canonical form.
func (r *Reader) Mailbox(delim rune) (string, error) {
	s, err := r.AString()
	if err != nil {
		return "", err
	}
	return r.decodeMailbox(s, delim)
}

// ListMailbox takes a mailbox pattern of LIST as UTF-8.
func (r *Reader) ListMailbox() (string, error) {
	if charClass[r.peek()]&classList != 0 {
		return r.decodeMailbox(string(r.span(classList)), 0)
	}
	s, err := r.String()
	if err != nil {
		return "", err
	}
	return r.decodeMailbox(s, 0)
}

func (r *Reader) decodeMailbox(s string, delim rune) (string, error) {
	if r.UTF8 {
		if !utf8.ValidString(s) {
			return "", Syntax("mailbox name is not UTF-8")
		}
		return imap.CanonicalMailboxName(s, delim), nil
	}
	name, err := imap.DecodeUTF7(s)
	if err != nil {
		return "", Syntax("mailbox name is not modified UTF-7")
	}
	return imap.CanonicalMailboxName(name, delim), nil
}

// Flag takes a flag or keyword; system flags come canonical.
func (r *Reader) Flag() (imap.Flag, error) {
	start := r.pos
	if r.Accept('\\') && r.Accept('*') {
		return imap.FlagAny, nil
	}
	if len(r.span(classAtom)) == 0 {
		return "", Syntax("flag expected")
	}
	return imap.Flag(r.line[start:r.pos]).Canonical(), nil
}

// FlagList takes a parenthesized list of flags. Flags that come twice are
// returned once.
func (r *Reader) FlagList() ([]imap.Flag, error) {
	var flags []imap.Flag
	err := r.List(func() error { return r.addFlag(&flags) })
	return flags, err
}

// Flags takes flags with spaces between them to the end of the line.
func (r *Reader) Flags() ([]imap.Flag, error) {
	var flags []imap.Flag
	for {
		if err := r.addFlag(&flags); err != nil {
			return nil, err
		}
		if !r.Accept(' ') {
			return flags, nil
		}
	}
}

// maxFlags is the number of different flags that one command may have.
const maxFlags = 256

func (r *Reader) addFlag(flags *[]imap.Flag) error {
	f, err := r.Flag()
	if err != nil {
		return err
	}
	for _, g := range *flags {
		if f.Equal(g) {
			return nil
		}
	}
	if len(*flags) == maxFlags {
		return Syntax("too many flags")
	}
	*flags = append(*flags, f)
	return nil
}

// List takes a parenthesized list, perhaps empty, whose items item takes.
func (r *Reader) List(item func() error) error {
	if err := r.Expect('('); err != nil {
		return err
	}
	if r.Accept(')') {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.Accept(')') {
			return nil
		}
		if err := r.SP(); err != nil {
			return err
		}
	}
}

// Date takes a date, quoted or not, as in SEARCH.
func (r *Reader) Date() (imap.Date, error) {
	quoted := r.Accept('"')
	start := r.pos
	for r.pos < len(r.line) && (isKeywordChar(r.line[r.pos])) {
		r.pos++
	}
	t, err := time.Parse("2-Jan-2006", string(r.line[start:r.pos]))
	if err != nil || quoted && !r.Accept('"') {
		return imap.Date{}, Syntax("date expected")
	}
	return imap.DateOf(t), nil
}

// DateTime takes a quoted date-time, as in APPEND and INTERNALDATE.
func (r *Reader) DateTime() (time.Time, error) {
	const size = len(imap.DateTimeLayout)
	if rest := r.line[r.pos:]; len(rest) >= size+2 && rest[0] == '"' && rest[size+1] == '"' {
		t, err := time.Parse(imap.DateTimeLayout, string(rest[1:size+1]))
		if err == nil {
			r.pos += size + 2
			return t, nil
		}
	}
	return time.Time{}, Syntax("date-time expected")
}

// PartialRange takes a range of places in a list of results (RFC 9394 §4).
func (r *Reader) PartialRange() (p imap.PartialRange, err error) {
	p.FromEnd = r.Accept('-')
	if p.First, err = r.NZNumber(); err != nil {
		return p, err
	}
	if err := r.Expect(':'); err != nil {
		return p, err
	}
	if r.Accept('-') != p.FromEnd {
		return p, Syntax("both ends of the range must be counted from one side")
	}
	p.Last, err = r.NZNumber()
	return p, err
}

// ModSeq takes a mod-sequence: zero only where zero says so.
func (r *Reader) ModSeq(zero bool) (imap.ModSeq, error) {
	n, err := r.Number64()
	if err != nil || n == 0 && !zero {
		return 0, Syntax("mod-sequence expected")
	}
	return imap.ModSeq(n), nil
}
