package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a server may take to start or stop. The first start
// hashes the passwords of all accounts.
const patience = 10 * time.Minute

// A server is a process of the binary, on ports of its own.
type server struct {
	cmd        *exec.Cmd
	smtp, imap string
	started    time.Duration // until it answered
}

// start runs the binary on a folder. A file of users is taken in once.
func start(ctx context.Context, binary, folder, users string) (*server, error) {
	s := &server{}
	var err error
	if s.smtp, err = freePort(); err != nil {
		return nil, err
	}
	if s.imap, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{"dev", "--data", filepath.Join(folder, "data"), "--log-level", "warn", "--smtp", s.smtp, "--imap", s.imap}
	for _, other := range []string{"imaps", "pop3", "pop3s", "submission", "submissions", "metrics"} {
		args = append(args, "--"+other, "0")
	}
	if users != "" {
		args = append(args, "--users", users)
	}
	s.cmd = exec.CommandContext(ctx, binary, args...)
	s.cmd.Stderr = os.Stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.wait(); err != nil {
		s.cmd.Process.Kill()
		return nil, err
	}
	s.started = time.Since(began)
	return s, nil
}

// wait returns when the server greets.
func (s *server) wait() error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if c, err := dial(s.imap); err == nil {
			c.close()
			return nil
		}
	}
	return fmt.Errorf("the server on port %s does not answer", s.imap)
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// resident is the server's memory, in MB.
func (s *server) resident() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kilobytes) / 1000, err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
