//go:build clients

package clienttest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	alice    = "alice@example.test"
	bob      = "bob@example.test"
	password = "mailstead"
)

// A server is a running `mailstead dev`.
type server struct {
	data   string
	ports  map[string]int
	args   []string
	config string // a file; `mailstead serve` runs then
	files  int    // that it may have open; 0 is what this process may

	cmd *exec.Cmd
	log *syncBuffer
}

// protocols are the flags of `mailstead dev` that take a port.
var protocols = []string{"smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "lmtp", "metrics"}

// startServer runs the binary with free ports and an empty data folder, until
// the test ends.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := newServer(t, args...)
	s.begin(t)
	return s
}

// newServer returns a server that does not run yet.
func newServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{data: filepath.Join(t.TempDir(), "data"), ports: make(map[string]int), args: args, log: &syncBuffer{}}
	for _, p := range protocols {
		s.ports[p] = freePort(t)
	}
	return s
}

// begin runs the server until the test ends.
func (s *server) begin(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		s.stop(t)
		if t.Failed() {
			t.Logf("server log:\n%s", s.log)
		}
	})
	s.start(t)
}

func (s *server) start(t *testing.T) {
	t.Helper()
	bin := os.Getenv("MAILSTEAD_BIN")
	if bin == "" {
		t.Fatal("MAILSTEAD_BIN must name the binary; `make test-clients` sets it")
	}
	cmd := exec.Command(bin, s.arguments()...)
	if s.files > 0 {
		limited := fmt.Sprintf("ulimit -n %d && exec \"$0\" \"$@\"", s.files)
		cmd = exec.Command("sh", append([]string{"-c", limited}, cmd.Args...)...)
	}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.cmd = cmd
	for _, p := range protocols {
		waitPort(t, s.addr(p))
	}
}

// arguments are those of the binary: to serve with a configuration if there is
// one.
func (s *server) arguments() []string {
	if s.config != "" {
		return []string{"serve", "--config", s.config}
	}
	args := []string{"dev", "--data", s.data}
	for _, p := range protocols {
		args = append(args, "--"+p, strconv.Itoa(s.ports[p]))
	}
	return append(args, s.args...)
}

// serve runs the binary with a configuration, until the test ends.
func (s *server) serve(t *testing.T, config string) {
	t.Helper()
	s.config = filepath.Join(t.TempDir(), "mailstead.toml")
	writeFile(t, s.config, config)
	s.begin(t)
}

// stop ends the server gracefully.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(os.Interrupt)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		<-done
		t.Error("the server did not end within 30 s of an interrupt")
	}
	s.cmd = nil
}

// kill ends the server with SIGKILL.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait()
	s.cmd = nil
}

func (s *server) addr(protocol string) string {
	return net.JoinHostPort("127.0.0.1", s.port(protocol))
}

func (s *server) port(protocol string) string { return strconv.Itoa(s.ports[protocol]) }

// certificate writes the server's certificate to a file, as openssl shows it.
func (s *server) certificate(t *testing.T) string {
	t.Helper()
	out := run(t, "", "sh", "-c", fmt.Sprintf("openssl s_client -connect %s -showcerts </dev/null 2>/dev/null | openssl x509", s.addr("imaps")))
	name := filepath.Join(t.TempDir(), "cert.pem")
	writeFile(t, name, out)
	return name
}

// lastPort is the port that freePort returned last. Ports of clients begin at
// 32768; ours are below them, so that no connection takes one that was free.
// Processes begin at different ones.
var lastPort atomic.Int32

const firstPort, portCount = 12000, 20000

func freePort(t *testing.T) int {
	t.Helper()
	for range portCount {
		port := firstPort + (os.Getpid()*101+int(lastPort.Add(1)))%portCount
		ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func waitPort(t *testing.T, addr string) {
	t.Helper()
	eventually(t, "port "+addr, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// eventually polls another process's state, which sends no event to wait for.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// run runs a client to its end and returns what it printed; a failure fails
// the test.
func run(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	out, err := try(t, stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// try runs a client that may fail.
func try(t *testing.T, stdin, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C", "TERM=xterm")
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("no %q in:\n%s", want, text)
	}
}

// syncBuffer collects the log of the server while tests read it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
