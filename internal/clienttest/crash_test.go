//go:build clients

package clienttest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKillDuringDelivery kills the server with SIGKILL while clients deliver,
// and shows that every acknowledged message is there afterwards, once.
func TestKillDuringDelivery(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	var (
		mu    sync.Mutex
		acked []string
		wg    sync.WaitGroup
	)
	enough := make(chan struct{})
	var once sync.Once
	for worker := range 8 {
		wg.Go(func() {
			deliverUntilDead(s.addr("smtp"), worker, func(id string) {
				mu.Lock()
				defer mu.Unlock()
				if acked = append(acked, id); len(acked) == 400 {
					once.Do(func() { close(enough) })
				}
			})
		})
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		t.Error("400 deliveries took more than 30 s")
	}
	s.kill(t)
	wg.Wait()
	s.start(t)

	found := make(map[string]int)
	for _, line := range s.imap(t, alice, "SELECT INBOX", "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Test-Id)])") {
		if id, ok := strings.CutPrefix(line, "X-Test-Id: "); ok {
			found[id]++
		}
	}
	t.Logf("%d acknowledged, %d found", len(acked), len(found))
	for _, id := range acked {
		if found[id] != 1 {
			t.Errorf("acknowledged message %s is there %d times", id, found[id])
		}
	}
}

// deliverUntilDead delivers messages over one connection until it breaks.
func deliverUntilDead(addr string, worker int, acked func(id string)) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	expect := func(code string) bool {
		for {
			line, err := in.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, code) {
				return false
			}
			if line[3] == ' ' {
				return true
			}
		}
	}
	send := func(text, code string) bool {
		_, err := conn.Write([]byte(text))
		return err == nil && expect(code)
	}
	if !expect("220") || !send("EHLO test.test\r\n", "250") {
		return
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%d-%d", worker, i)
		if !send("MAIL FROM:<c@elsewhere.test>\r\n", "250") ||
			!send("RCPT TO:<alice@example.test>\r\n", "250") ||
			!send("DATA\r\n", "354") ||
			!send("X-Test-Id: "+id+"\r\nSubject: crash\r\n\r\nhello\r\n.\r\n", "250") {
			return
		}
		acked(id)
	}
}

// imap runs commands over one connection and returns all lines of the answers.
func (s *server) imap(t *testing.T, user string, commands ...string) []string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.addr("imaps"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	commands = append([]string{fmt.Sprintf("LOGIN %s %s", user, password)}, commands...)
	for i, c := range append(commands, "LOGOUT") {
		fmt.Fprintf(conn, "a%d %s\r\n", i, c)
	}
	var lines []string
	in := bufio.NewScanner(conn)
	for in.Scan() {
		lines = append(lines, strings.TrimSuffix(in.Text(), "\r"))
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, fmt.Sprintf("a%d OK", len(commands))) {
		t.Fatalf("IMAP session ended with %q", last)
	}
	return lines
}
