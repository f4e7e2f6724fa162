package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// A result is what a command line came to.
type result struct {
	out, errOut string
	err         error
}

// run runs a command line to its end.
func run(ctx context.Context, stdin string, args ...string) result {
	cmd := root()
	var out, errOut bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	return result{out.String(), errOut.String(), err}
}

// must runs a command line that must succeed, and returns what it prints.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := run(t.Context(), stdin, args...)
	if r.err != nil {
		t.Fatalf("mailstead %s: %v\n%s", strings.Join(args, " "), r.err, r.errOut)
	}
	return r.out
}

// refused runs a command line that must fail, with these words in the error.
func refused(t *testing.T, want, stdin string, args ...string) {
	t.Helper()
	r := run(t.Context(), stdin, args...)
	if r.err == nil || !strings.Contains(r.err.Error()+r.errOut, want) {
		t.Errorf("mailstead %s: %v, want %q", strings.Join(args, " "), r.err, want)
	}
}

// shortDir returns a folder in which a socket can be made: its path must not
// exceed 108 bytes.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stead")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"dev", "serve", "config", "domain", "account", "alias", "queue", "trace", "verify", "backup", "repair", "version"} {
		if out := must(t, "", "--help"); !strings.Contains(out, "\n  "+verb+" ") {
			t.Errorf("%s is not in the help", verb)
		}
		if out := must(t, "", verb, "--help"); !strings.Contains(out, "mailstead "+verb) {
			t.Errorf("help of %s: %s", verb, out)
		}
	}
	refused(t, "unknown command", "", "nonsense")
	refused(t, "unknown flag", "", "dev", "--nonsense")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if out := must(t, "", "version"); !strings.HasPrefix(out, "mailstead unknown go1.") {
		t.Errorf("version prints %q", out)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "mailstead.toml")
	write(t, name, must(t, "", "config", "example"))
	if out := must(t, "", "config", "check", "--config", name); out != name+" is fine\n" {
		t.Errorf("check of the example prints %q", out)
	}
	write(t, name, "hostnam = 'x'\n[smtp]\nlisten = ['nonsense']\n")
	refused(t, name+" has 2 problem(s)", "", "config", "check", "--config", name)
	refused(t, "line 1", "", "config", "check", "--config", name)
	refused(t, "has 2 problem(s)", "", "serve", "--config", name)
	refused(t, "no such file", "", "config", "check", "--config", name+".gone")
}

// TestNoServer wants each verb that needs a server to say what to do.
func TestNoServer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for _, args := range [][]string{
		{"domain", "add", "example.test"}, {"domain", "remove", "example.test"}, {"domain", "list"},
		{"account", "add", "ann@example.test"}, {"account", "list"}, {"account", "passwd", "ann@example.test"},
		{"account", "remove", "ann@example.test"},
		{"alias", "add", "a@example.test", "b@example.test"}, {"alias", "list"}, {"alias", "remove", "a@example.test"},
		{"queue", "list"}, {"queue", "show", "1"}, {"queue", "retry", "--all"}, {"queue", "drop", "1"},
		{"trace", "ann@example.test"},
	} {
		r := run(t.Context(), "secret\n", append(args, "--data", data)...)
		if !errors.Is(r.err, admin.ErrNoServer) || !strings.Contains(r.err.Error(), data) {
			t.Errorf("%v: %v", args, r.err)
		}
		if hint := hintFor(r.err); !strings.Contains(hint, "mailstead serve") {
			t.Errorf("%v: the hint is %q", args, hint)
		}
	}
	if hintFor(errors.New("else")) != "" {
		t.Error("a hint about an unknown error")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	refused(t, "requires at least 1 arg", "", "domain", "add")
	refused(t, "requires at least 2 arg", "", "alias", "add", "a@example.test")
	refused(t, "which account?", "", "account", "add")
	refused(t, "either an address or --from-file", "", "account", "add", "a@example.test", "--from-file", "x")
	refused(t, "no such file", "", "account", "add", "--from-file", filepath.Join(t.TempDir(), "x"))
	refused(t, "must not be empty", "\n", "account", "add", "a@example.test")
	refused(t, "must not be empty", "", "account", "passwd", "a@example.test")
	refused(t, "which messages?", "", "queue", "drop")
	refused(t, "which messages?", "", "queue", "retry")
	refused(t, "which messages?", "", "queue", "hold")
	refused(t, "where to?", "", "queue", "reroute", "1")
}

func TestReadUsers(t *testing.T) {
	t.Parallel()
	name := write(t, filepath.Join(t.TempDir(), "users"), "# people\n\na@example.test secret\n  b@example.test   two words  \r\nc@example.test x")
	users, err := readUsers(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(users); got != "[{a@example.test secret false} {b@example.test two words false} {c@example.test x false}]" {
		t.Errorf("read %s", got)
	}
	write(t, name, "a@example.test secret\n\nb@example.test\n")
	if _, err := readUsers(name); err == nil || !strings.Contains(err.Error(), "users:3:") {
		t.Errorf("a line without a password: %v", err)
	}
}

// off switches all services of `mailstead dev` off but the admin socket.
var off = []string{
	"--smtp", "0", "--submission", "0", "--submissions", "0", "--imap", "0", "--imaps", "0",
	"--pop3", "0", "--pop3s", "0", "--metrics", "0",
}

// startDev runs `mailstead dev` until the test ends, and returns its data
// folder and what it prints. The last of the flags counts.
func startDev(t *testing.T, flags ...string) (data string, out *lockedBuffer) {
	t.Helper()
	data = shortDir(t)
	cmd := root()
	out = &lockedBuffer{}
	log := &lockedBuffer{}
	cmd.SetOut(out)
	cmd.SetErr(log)
	cmd.SetArgs(append(append([]string{"dev", "--data", data}, off...), flags...))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("mailstead dev: %v", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log)
		}
	})
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), "msg=started"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server has not started")
		}
	}
	return data, out
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	do := func(stdin string, args ...string) string {
		t.Helper()
		return must(t, stdin, append(args, "--data", data)...)
	}
	do("", "domain", "add", "one.test", "two.test")
	do("secret\n", "account", "add", "ann@one.test")
	do("other\n", "account", "passwd", "ann@one.test")
	do("", "alias", "add", "all@one.test", "ann@one.test", "x@far.test")
	file := write(t, filepath.Join(t.TempDir(), "users"), "bob@two.test secret\ncid@three.test secret\n")
	refused(t, "1 of 2 accounts were not added", "", "account", "add", "--from-file", file, "--data", data)
	do("secret\n", "account", "add", "dan@three.test", "--make-domains")
	for _, c := range []struct{ want, args string }{
		{"one.test", "domain list"},
		{"three.test", "domain list"},
		{"ann@one.test ", "account list"},
		{"alice@example.test ", "account list"},
		{"all@one.test  ann@one.test x@far.test\n", "alias list"},
		{"ID             RECEIVED", "queue list"},
		{"0 recipient(s)", "queue retry --all"},
		{"0 recipient(s)", "queue hold --sender a@far.test --older 36h"},
		{"0 recipient(s)", "queue release --state held"},
		{"0 recipient(s)", "queue reroute --all --to relay.test:2525"},
		{"0 recipient(s)", "queue drop --domain far.test"},
	} {
		if out := do("", strings.Fields(c.args)...); !strings.Contains(out, c.want) {
			t.Errorf("%s prints %q, want %q", c.args, out, c.want)
		}
	}
	do("", "alias", "remove", "all@one.test")
	do("", "account", "remove", "ann@one.test", "bob@two.test")
	do("", "domain", "remove", "one.test", "two.test")
	refused(t, "not found", "", "domain", "remove", "one.test", "--data", data)
	refused(t, "no such message", "", "queue", "show", "x", "--data", data)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	for verb, want := range map[string]int{"domain": 1, "account": 2, "alias": 0, "queue": 0} {
		var list []map[string]any
		out := must(t, "", verb, "list", "--json", "--data", data)
		if err := json.Unmarshal([]byte(out), &list); err != nil || list == nil || len(list) != want {
			t.Errorf("%s list prints %s: %v, want %d", verb, out, err, want)
		}
	}
}

// TestDevWithManyUsers has more than the directory adds in one batch.
func TestDevWithManyUsers(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 600 {
		fmt.Fprintf(&lines, "user%d@many.test pass%d\n", i, i)
	}
	users := write(t, filepath.Join(t.TempDir(), "users"), lines.String())
	port := freePort(t)
	data, out := startDev(t, "--users", users, "--imap", port)
	if !strings.Contains(out.String(), "alice@example.test and bob@example.test, password mailstead") {
		t.Errorf("dev says %s", out)
	}
	var accounts []admin.Account
	if err := json.Unmarshal([]byte(must(t, "", "account", "list", "--json", "--data", data)), &accounts); err != nil || len(accounts) != 602 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "1 LOGIN user599@many.test pass599\r\n2 LOGOUT\r\n")
	var answer bytes.Buffer
	answer.ReadFrom(conn)
	if !strings.Contains(answer.String(), "\r\n1 OK ") {
		t.Errorf("login of the last user: %s", &answer)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// TestDevMetrics counts a message that comes by SMTP.
func TestDevMetrics(t *testing.T) {
	t.Parallel()
	metrics, port := freePort(t), freePort(t)
	startDev(t, "--metrics", metrics, "--smtp", port)
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	client := smtpclient.New(c, smtpclient.Options{Name: "client.far.test", NoChunking: true})
	if err := client.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	to, err := address.Parse(devAccounts[0])
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := client.Send(t.Context(), smtpclient.Message{
		To: []smtpclient.Recipient{{To: smtp.ForwardPath{Address: to}}}, Body: strings.NewReader("Subject: x\r\n\r\n"),
	})
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes)
	}
	text := get(t, "http://127.0.0.1:"+metrics+"/metrics")
	for _, want := range []string{
		"mailstead_delivery_local_total 1\n", "mailstead_delivery_queued_total 0\n", "mailstead_store_commits_total ",
		`mailstead_smtp_replies_total{code="354",mode="smtp",verb="DATA"}`, `version="unknown"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	get(t, "http://127.0.0.1:"+metrics+"/healthz")
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", url, resp.Status, err)
	}
	return string(text)
}

// TestTwoServers wants the second on a data folder to be refused.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	refused(t, "in use", "", append([]string{"dev", "--data", data}, off...)...)
	// The first must not have lost its socket by that.
	must(t, "", "domain", "list", "--data", data)
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	args := append(append([]string{"dev", "--data", shortDir(t)}, off...), "--smtp", port)
	refused(t, "smtp: ", "", args...)
}

func TestServe(t *testing.T) {
	t.Parallel()
	data := shortDir(t)
	name := write(t, filepath.Join(t.TempDir(), "mailstead.toml"), fmt.Sprintf(`
hostname = "mail.example.test"
data = %q
metrics.listen = ""
smtp.listen = []
submission.listen = []
submissions.listen = []
imap.listen = ["127.0.0.1:0"]
imaps.listen = []
pop3.listen = []
pop3s.listen = []
`, data))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan result, 1)
	go func() { done <- run(ctx, "", "serve", "--config", name) }()
	for {
		r := run(t.Context(), "", "domain", "add", "example.test", "--config", name)
		if r.err == nil {
			break
		}
		if !errors.Is(r.err, admin.ErrNoServer) {
			t.Fatal(r.err)
		}
	}
	stop()
	if r := <-done; r.err != nil {
		t.Errorf("serve ends with %v\n%s", r.err, r.errOut)
	}
}
