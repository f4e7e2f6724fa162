// Package uidfile reads the unique-ids (RFC 1939 §7) that messages had on
// another server, so that they can be imported.
//
// Two kinds of files are known. A list has a line for each message: its
// Message-ID, a tab or spaces, and the unique-id; empty lines and those that
// begin with # count for nothing. A Maildir of Dovecot has a file
// dovecot-uidlist, which names the messages by their files: the Message-ID is
// read there, and the unique-id is the one that the list has for the message
// or else made by a format, which must be the server's pop3_uidl_format.
package uidfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
)

// DovecotFormat is the pop3_uidl_format that Dovecot has unless it is told
// otherwise.
const DovecotFormat = "%08Xu%08Xv"

// dovecotList is the name of the file in a Maildir.
const dovecotList = "dovecot-uidlist"

// maxLine is the longest line that is read.
const maxLine = 64 << 10

// Read reads a list, a Maildir or the dovecot-uidlist in it. format counts for
// the last two. Messages without a Message-ID are left out.
func Read(name, format string) ([]retrieval.OldUID, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		name = filepath.Join(name, dovecotList)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if filepath.Base(name) != dovecotList {
		list, err := ReadList(f)
		return list, inFile(name, err)
	}
	entries, err := readDovecot(f, format)
	if err != nil {
		return nil, inFile(name, err)
	}
	return withMessageIDs(filepath.Dir(name), entries)
}

func inFile(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// ReadList reads lines of a Message-ID and a unique-id.
func ReadList(r io.Reader) ([]retrieval.OldUID, error) {
	var list []retrieval.OldUID
	err := eachLine(r, func(n int, line string) error {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			return nil
		}
		if len(fields) != 2 {
			return fmt.Errorf("line %d is not a Message-ID, a tab and a unique-id", n)
		}
		list = append(list, retrieval.OldUID{MessageID: fields[0], UID: fields[1]})
		return nil
	})
	return list, err
}

// eachLine calls fn with each line, counted from 1.
func eachLine(r io.Reader, fn func(n int, line string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := fn(n, strings.TrimSuffix(lines.Text(), "\r")); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d octets", n+1, maxLine)
	}
	return lines.Err()
}
