package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/face/admin"
)

// readUsers reads a file with lines of an address, a space and a password.
// Empty lines and those that begin with # are passed over.
func readUsers(file string) ([]admin.NewAccount, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var accounts []admin.NewAccount
	lines := bufio.NewScanner(f)
	n := 1
	for ; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, password, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: not an address, a space and a password", file, n)
		}
		if _, err := address.Parse(name); err != nil {
			return nil, fmt.Errorf("%s:%d: %q: %w", file, n, name, err)
		}
		accounts = append(accounts, admin.NewAccount{Address: name, Password: strings.TrimSpace(password)})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n, err)
	}
	return accounts, nil
}

// askPassword reads a password from a line of in. On a terminal it asks for
// it, without showing what is typed.
func askPassword(in io.Reader, prompt io.Writer) (string, error) {
	if f, ok := in.(*os.File); ok {
		if restore, err := hideInput(int(f.Fd())); err == nil {
			fmt.Fprint(prompt, "Password: ")
			defer fmt.Fprintln(prompt)
			defer restore()
		}
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", errors.New("the password must not be empty")
	}
	return password, nil
}

// hideInput keeps a terminal from showing what is typed. It fails if fd is no
// terminal.
func hideInput(fd int) (restore func(), err error) {
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}
