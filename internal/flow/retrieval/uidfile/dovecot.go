package uidfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/message"
)

// An entry is a message in a dovecot-uidlist.
type entry struct{ file, uid string }

// A header is the first line of a dovecot-uidlist: its version and the
// UIDVALIDITY of the mailbox.
type header struct {
	version  int
	validity uint64
}

// readDovecot reads a dovecot-uidlist of version 1 or 3.
func readDovecot(r io.Reader, format string) ([]entry, error) {
	var head header
	var list []entry
	err := eachLine(r, func(n int, line string) (err error) {
		if n == 1 {
			head, err = parseHeader(line)
			return err
		}
		e, err := head.parseEntry(line, format)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, e)
		return nil
	})
	if err == nil && head.version == 0 {
		err = errors.New("the file is empty")
	}
	return list, err
}

// parseHeader reads "3 V1275660208 N25022 …" or "1 1275660208 25022".
func parseHeader(line string) (header, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return header{}, errors.New("line 1 is not that of a dovecot-uidlist")
	}
	h := header{version: 3}
	text := fields[1]
	for _, f := range fields[1:] {
		if v, ok := strings.CutPrefix(f, "V"); ok {
			text = v
		}
	}
	var err error
	if fields[0] == "1" {
		h.version = 1
	} else if fields[0] != "3" {
		return header{}, fmt.Errorf("version %q of dovecot-uidlist is not known", fields[0])
	}
	h.validity, err = strconv.ParseUint(text, 10, 32)
	if err != nil {
		return header{}, errors.New("line 1 has no UIDVALIDITY")
	}
	return h, nil
}

// parseEntry reads "25006 P0000… W2481 :1276528487.M…", where the fields in
// the middle are a letter and its value; in version 1 there are none.
func (h header) parseEntry(line, format string) (entry, error) {
	number, rest, _ := strings.Cut(line, " ")
	uid, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return entry{}, fmt.Errorf("%.20q is not a UID", number)
	}
	e := entry{file: rest}
	if h.version == 3 {
		for !strings.HasPrefix(rest, ":") {
			field, behind, found := strings.Cut(rest, " ")
			if !found {
				return entry{}, errors.New("no file is named")
			}
			if own, ok := strings.CutPrefix(field, "P"); ok {
				e.uid = own
			}
			rest = behind
		}
		e.file = rest[1:]
	}
	e.file, _, _ = strings.Cut(e.file, ":")
	if e.file == "" || strings.ContainsRune(e.file, '/') {
		return entry{}, errors.New("no file is named")
	}
	if e.uid == "" {
		e.uid, err = expand(format, uid, h.validity, e.file)
	}
	return e, err
}

// expand makes a unique-id by a pop3_uidl_format: %u is the UID, %v the
// UIDVALIDITY, %f and %g the name of the file. Between the % and the letter
// may stand a width, which begins with 0 for leading zeros, and x or X for
// hexadecimal digits.
func expand(format string, uid, validity uint64, file string) (string, error) {
	var b strings.Builder
	for format != "" {
		literal, rest, found := strings.Cut(format, "%")
		b.WriteString(literal)
		if !found {
			break
		}
		verb := strings.TrimLeft(rest, "0123456789xX")
		if verb == "" {
			return "", errors.New("the format ends within a variable")
		}
		modifier := rest[:len(rest)-len(verb)]
		value, err := expandOne(verb[0], modifier, uid, validity, file)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		format = verb[1:]
	}
	return b.String(), nil
}

func expandOne(verb byte, modifier string, uid, validity uint64, file string) (string, error) {
	switch verb {
	case '%':
		return "%", nil
	case 'f', 'g':
		return file, nil
	case 'u':
		return number(uid, modifier)
	case 'v':
		return number(validity, modifier)
	}
	return "", fmt.Errorf("%%%c in the format is not known", verb)
}

func number(n uint64, modifier string) (string, error) {
	digits := strings.TrimRight(modifier, "xX")
	width, err := strconv.Atoi("0" + digits)
	if err != nil || width > 32 || len(modifier)-len(digits) > 1 {
		return "", fmt.Errorf("%%%s in the format makes no sense", modifier)
	}
	text := strconv.FormatUint(n, 10)
	switch {
	case strings.HasSuffix(modifier, "x"):
		text = strconv.FormatUint(n, 16)
	case strings.HasSuffix(modifier, "X"):
		text = strings.ToUpper(strconv.FormatUint(n, 16))
	}
	if !strings.HasPrefix(digits, "0") {
		return text, nil // a unique-id has no spaces to fill up with
	}
	return strings.Repeat("0", max(width-len(text), 0)) + text, nil
}

// withMessageIDs reads the Message-IDs of messages in a Maildir. A file that is
// gone is passed over.
func withMessageIDs(maildir string, entries []entry) ([]retrieval.OldUID, error) {
	paths, err := maildirFiles(maildir)
	if err != nil {
		return nil, err
	}
	var list []retrieval.OldUID
	for _, e := range entries {
		path, ok := paths[e.file]
		if !ok {
			continue
		}
		id, err := messageIDOf(path)
		if err != nil {
			return nil, err
		}
		if id != "" {
			list = append(list, retrieval.OldUID{MessageID: id, UID: e.uid})
		}
	}
	return list, nil
}

// maildirFiles returns the messages by the part of their names that stays.
func maildirFiles(maildir string) (map[string]string, error) {
	paths := make(map[string]string)
	for _, sub := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(maildir, sub))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			base, _, _ := strings.Cut(f.Name(), ":")
			paths[base] = filepath.Join(maildir, sub, f.Name())
		}
	}
	return paths, nil
}

// maxHeader is how much of a message is searched for its Message-ID.
const maxHeader = 256 << 10

func messageIDOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, maxHeader))
	if err != nil {
		return "", err
	}
	id, _ := message.Header(head).Get("Message-ID")
	return id, nil
}
