package server_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/sasl"
)

// The marked passwords: of an account, its next one, a wrong one, and that of the
// smarthost.
var marked = []string{"MARKED-right-1", "MARKED-next-2", "MARKED-wrong-3", "MARKED-relay-4"}

// TestSecretsStayIn logs in by every protocol and mechanism, rightly, wrongly and
// in broken ways, with passwords that can be found again, changes them, and then
// looks for them in all that the server has written.
func TestSecretsStayIn(t *testing.T) {
	t.Parallel()
	s := startMarked(t)
	speakSecrets(t, s, ann, marked[0])
	speakSecrets(t, s, ann, marked[2])
	speakSecrets(t, s, "nobody@example.test", marked[2])
	if err := s.Admin().SetPassword(t.Context(), ann, marked[1]); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"nobody@example.test", "no address"} {
		if err := s.Admin().SetPassword(t.Context(), user, marked[2]); err == nil {
			t.Error("a password was set for nobody")
		} else if strings.Contains(err.Error(), "MARKED") {
			t.Errorf("the administrator's error has the password: %v", err)
		}
	}
	_, err := s.Admin().AddAccounts(t.Context(), admin.AddAccounts{Accounts: []admin.NewAccount{{Address: ann, Password: marked[2]}}})
	if err != nil {
		t.Fatal(err)
	}
	speakSecrets(t, s, ann, marked[1])
	page := fetchPage(t, "http://"+s.Addr("metrics")+"/metrics")
	if !strings.Contains(page, "mailstead_") {
		t.Errorf("the metrics are %q", page)
	}
	wantNoSecret(t, "metrics", page)
	accounts, err := s.Admin().Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantNoSecret(t, "admin socket", fmt.Sprintf("%+v", accounts))
	s.Stop()
	if log := s.Log(); !strings.Contains(log, "level=DEBUG") || !strings.Contains(log, `msg="login refused"`) {
		t.Error("the log does not say what this test is about")
	} else {
		wantNoSecret(t, "log", log)
	}
	searchFolder(t, s.Data())
}

func startMarked(t *testing.T) *mailtest.Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "relay-password")
	if err := os.WriteFile(file, []byte(marked[3]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann, Password: marked[0]}},
		Disk:     true,
		Config: func(c *config.Config) {
			c.Metrics.Listen = "127.0.0.1:0"
			c.Outbound.Smarthost, c.Outbound.SmarthostUser, c.Outbound.SmarthostPassword = "relay.test:2500", "us", file
		},
	})
}

// speakSecrets says a password in all ways that there are for it, and in ways
// that only look like them. No answer may have it.
func speakSecrets(t *testing.T, s *mailtest.Server, user, password string) {
	t.Helper()
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	name, word := base64.StdEncoding.EncodeToString([]byte(user)), base64.StdEncoding.EncodeToString([]byte(password))
	literal := fmt.Sprintf("{%d+}\r\n%s", len(password), password)
	auth := []string{"AUTH PLAIN " + plain + "\r\n", "AUTH PLAIN\r\n" + plain + "\r\n", "AUTH LOGIN " + name + "\r\n" + word + "\r\n", "AUTH LOGIN\r\n" + name + "\r\n" + word + "\r\n",
		"AUTH PLAIN " + plain + " " + word + "\r\n", "AUTH PLAIN " + plain + "?\r\n", "AUTH CRAM-MD5 " + plain + "\r\n", "AUTH PLAIN\r\n" + plain + "?\r\n", "AUTH PLAIN\r\n" + strings.Repeat(plain, 500) + "\r\n"}
	var smtp, pop3 []string
	for _, a := range auth {
		smtp = append(smtp, "EHLO a.test\r\n"+a, "EHLO a.test\r\n"+a+a)
		pop3 = append(pop3, a)
	}
	dialogues := map[string][]string{
		"submission": append(smtp, "PASS "+password+"\r\n", "EHLO a.test\r\nMAIL FROM:<a@b.test> AUTH="+password+"\r\n"),
		"smtp":       smtp,
		"imap": {
			"a LOGIN " + user + " " + password + "\r\n", "a LOGIN " + user + ` "` + password + "\"\r\n", "a LOGIN " + user + " " + literal + "\r\n",
			"a LOGIN " + user + " " + password + " more\r\n", "a LOGIN " + user + ` "` + password + "\r\n", "a LOGIN " + literal + "\x00\r\n", "LOGIN " + user + " " + password + "\r\n", "a LOGN " + user + " " + password + "\r\n",
			"a AUTHENTICATE PLAIN " + plain + "\r\n", "a AUTHENTICATE PLAIN\r\n" + plain + "\r\n", "a AUTHENTICATE LOGIN\r\n" + name + "\r\n" + word + "\r\n", "a AUTHENTICATE PLAIN " + plain + "?\r\n",
			"a LOGIN " + user + " " + password + "\r\na LOGIN " + user + " " + password + "\r\n",
		},
		"pop3": append(pop3, "USER "+user+"\r\nPASS "+password+"\r\n", "PASS "+password+"\r\n", "USER "+user+"\r\nPASS "+password+"\x00\r\n",
			"USER "+user+"\r\nPASS "+password+"\r\nPASS "+password+"\r\n", "APOP "+user+" "+word+"\r\n", "AUTH PLAIN "+plain+"\r\n"),
	}
	var clients sync.WaitGroup
	for service, all := range dialogues {
		for _, text := range all {
			clients.Go(func() { wantNoSecret(t, service+"'s answer", converse(t, s, service, text)) })
		}
	}
	clients.Wait()
	_ = s.SMTP("submission").Auth(t.Context(), sasl.NewSCRAMClient("", user, password))
}

// converse says a text all at once and returns what the server says to it.
func converse(t *testing.T, s *mailtest.Server, service, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr(service))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = io.WriteString(conn, text)
	half := conn.(*net.TCPConn).CloseWrite()
	said, read := io.ReadAll(conn)
	if err := errors.Join(err, half, read); err != nil {
		t.Errorf("%s: %v after %q", service, err, said)
	}
	return string(said)
}

func fetchPage(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// secret matches a marked password, in base64 at each of the three places where it
// may begin there too.
var secret = regexp.MustCompile(`(?i)MARKED-(right|next|wrong|relay)|TUFSS0VEL|1BUktFRC|NQVJLRUQt`)

func wantNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, at := range secret.FindAllStringIndex(text, 5) {
		t.Errorf("%s has a password: %q", where, text[max(0, at[0]-200):min(len(text), at[1]+20)])
	}
}

// searchFolder looks into every file of the data folder.
func searchFolder(t *testing.T, folder string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		wantNoSecret(t, path, string(content))
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%d files in the data folder, %v", files, err)
	}
}
