//go:build clients

package clienttest

import (
	"bufio"
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
	out := s.curl(t, alice, "INBOX", "-X", "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Test-Id)])", "-v", "--output", "-")
	for _, line := range strings.Split(out, "\n") {
		if _, id, ok := strings.Cut(line, "X-Test-Id: "); ok {
			found[strings.TrimSpace(id)]++
		}
	}
	t.Logf("%d acknowledged, %d found", len(acked), len(found))
	for _, id := range acked {
		if found[id] == 0 {
			t.Errorf("acknowledged message %s is lost", id)
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
