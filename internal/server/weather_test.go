package server_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/soak"
	"github.com/mailstead/mailstead/pop3/pop3client"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

const (
	ben = "ben@example.test"
	cal = "cal@example.test"
)

// A storm is a server whose clients and next hop are behind a bad network.
type storm struct {
	t       *testing.T
	server  *mailtest.Server
	far     *mailtest.Elsewhere
	inside  mailtest.Weather // between the clients and the server
	outside mailtest.Weather // between the server and the next hop

	mu   sync.Mutex
	sent map[string]int // how often each text was tried until it was taken
}

func startStorm(t *testing.T) *storm {
	s := &storm{t: t, far: mailtest.NewElsewhere(), sent: make(map[string]int)}
	s.inside = mailtest.Weather{Cut: 0.5, Within: 12_000, Piece: 1000, Delay: 200 * time.Microsecond}
	s.outside = mailtest.Weather{Cut: 0.95, Within: 20_000, Piece: 700, Delay: 200 * time.Microsecond}
	s.server = mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}, {Address: ben}, {Address: cal}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": s.far},
		Weather:   &s.outside,
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Config: func(c *config.Config) {
			c.Log.Level = "error"
			c.Sending.MessagesPerHour, c.Sending.RecipientsPerHour, c.Sending.RecipientsPerDay = 0, 0, 0
			c.Outbound.Retry = []config.Duration{{Duration: 10 * time.Millisecond}}
		},
	})
	return s
}

// letters makes texts of up to 10 KB, each another one.
func letters(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		line := strings.Repeat("x", rand.IntN(70)) + "\r\n"
		list[i] = fmt.Sprintf("Date: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <%s-%d@example.test>\r\nFrom: ann@example.test\r\nSubject: %[1]s %[2]d\r\n\r\n%s",
			name, i, strings.Repeat(line, rand.IntN(150)))
	}
	return list
}

// insist does something with each text until it works once.
func (s *storm) insist(texts []string, do func(ctx context.Context, text string) error) {
	for _, text := range texts {
		for tries := 1; ; tries++ {
			ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
			err := do(ctx, text)
			cancel()
			if err == nil {
				s.mu.Lock()
				s.sent[text] += tries
				s.mu.Unlock()
				break
			}
			if s.t.Context().Err() != nil || tries == 1000 {
				s.t.Errorf("nothing comes through: %v", err)
				return
			}
		}
	}
}

// dial connects through the weather, over TLS.
func (s *storm) dial(service string) (net.Conn, error) {
	conn, err := net.Dial("tcp", s.server.Addr(service))
	if err != nil {
		return nil, err
	}
	return tls.Client(s.inside.Over(conn), s.server.TLS()), nil
}

// submit sends a message to ann and to x@far.test.
func (s *storm) submit(ctx context.Context, text string) error {
	conn, err := s.dial("submissions")
	if err != nil {
		return err
	}
	c := smtpclient.New(conn, smtpclient.Options{Name: "client.far.test"})
	defer c.Close()
	if err := c.Hello(ctx); err != nil {
		return err
	}
	if err := c.Auth(ctx, sasl.NewPlainClient("", ann, mailtest.Password)); err != nil {
		return err
	}
	outcomes, err := c.Send(ctx, s.server.Envelope(ann, text, ann, "x@far.test"))
	for _, o := range outcomes {
		if err == nil {
			err = o.Err
		}
	}
	return err
}

// append stores a message in ben's INBOX.
func (s *storm) append(ctx context.Context, text string) error {
	conn, err := s.dial("imaps")
	if err != nil {
		return err
	}
	c, err := imapclient.New(ctx, conn, imapclient.Options{})
	if err != nil {
		conn.Close()
		return err
	}
	defer c.Close()
	if err := c.Login(ctx, ben, mailtest.Password); err != nil {
		return err
	}
	_, err = c.Append(ctx, "INBOX", imap.AppendOptions{}, int64(len(text)), strings.NewReader(text))
	return err
}

// empty takes messages out of a maildrop as a POP3 client does: it deletes what
// it has whole, and a message is gone when the server has said so to QUIT. It
// returns whether something was left.
func (s *storm) empty(ctx context.Context, got map[string]bool) (left bool, err error) {
	conn, err := s.dial("pop3s")
	if err != nil {
		return true, err
	}
	c, err := pop3client.New(ctx, conn, pop3client.Options{})
	if err != nil {
		conn.Close()
		return true, err
	}
	defer c.Close()
	if err := c.Login(ctx, cal, mailtest.Password); err != nil {
		return true, err
	}
	n, _, err := c.Stat(ctx)
	if err != nil || n == 0 {
		return err != nil, err
	}
	for i := 1; i <= min(n, 3); i++ {
		r, err := c.Retrieve(ctx, i)
		if err != nil {
			return true, err
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return true, err
		}
		got[content(string(text))] = true
		if err := c.Delete(ctx, i); err != nil {
			return true, err
		}
	}
	return true, c.Quit(ctx)
}

// content identifies a text, whatever trace fields were put before it.
func content(text string) string {
	_, rest, _ := strings.Cut(text, "\r\nDate: ")
	if strings.HasPrefix(text, "Date: ") {
		rest = strings.TrimPrefix(text, "Date: ")
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(rest)))
}

// TestBadNetwork submits, relays, stores and retrieves over connections that are
// cut at random. What was acknowledged is there, whole; what was tried n times
// is there n times at most; what went out is at the next hop at least once, and
// more often only where a connection was cut.
func TestBadNetwork(t *testing.T) {
	t.Parallel()
	s := startStorm(t)
	n := soak.Times(12, 600)
	dropped := letters("dropped", n)
	for _, text := range dropped {
		s.server.Deliver("d@far.test", cal, text)
	}
	submitted, appended := letters("submitted", 3*n), letters("appended", 2*n)
	var work sync.WaitGroup
	for i := range 3 {
		work.Go(func() { s.insist(submitted[i*n:(i+1)*n], s.submit) })
	}
	for i := range 2 {
		work.Go(func() { s.insist(appended[i*n:(i+1)*n], s.append) })
	}
	work.Go(func() { s.emptyMaildrop(dropped) })
	work.Wait()
	s.inside.Clear()
	s.checkMailbox(ben, appended)
	copies := s.checkMailbox(ann, submitted)
	s.outside.Clear()
	s.checkAbroad(submitted, copies)
	t.Logf("%d messages submitted in %d copies, %d stored, %d retrieved; %d connections of clients and %d to the next hop were cut",
		len(submitted), copies, len(appended), len(dropped), s.inside.Cuts(), s.outside.Cuts())
	if s.inside.Cuts() < n || s.outside.Cuts() == 0 {
		t.Error("the weather was too good for a test")
	}
}

func (s *storm) emptyMaildrop(dropped []string) {
	got := make(map[string]bool)
	for tries := 0; ; tries++ {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
		left, err := s.empty(ctx, got)
		cancel()
		if !left {
			break
		}
		if s.t.Context().Err() != nil || tries == 100*len(dropped) {
			s.t.Errorf("the maildrop is never empty: %v", err)
			return
		}
	}
	for i, text := range dropped {
		if !got[content(text)] {
			s.t.Errorf("message %d is gone and was never retrieved", i)
		}
	}
}

// checkMailbox wants each text in an INBOX, as often as it was tried at most. It
// returns how many messages there are.
func (s *storm) checkMailbox(user string, texts []string) int {
	found := make(map[string]int)
	all := s.server.Messages(user, "INBOX")
	for _, text := range all {
		found[content(text)]++
	}
	for i, text := range texts {
		if n := found[content(text)]; n < 1 || n > s.sent[text] {
			s.t.Errorf("%s has message %d %d times; it was sent %d times", user, i, n, s.sent[text])
		}
		delete(found, content(text))
	}
	if len(found) > 0 {
		s.t.Errorf("%s has %d messages that nobody sent", user, len(found))
	}
	return len(all)
}

// checkAbroad waits until all has arrived at the next hop.
func (s *storm) checkAbroad(texts []string, copies int) {
	s.waitQueue()
	found := make(map[string]int)
	for _, one := range s.far.Mail() {
		found[content(one.Text)]++
	}
	total := 0
	for i, text := range texts {
		n := found[content(text)]
		if n < 1 {
			s.t.Errorf("message %d has not arrived", i)
		}
		total += n
		delete(found, content(text))
	}
	if len(found) > 0 {
		s.t.Errorf("%d messages arrived that nobody sent", len(found))
	}
	if most := copies + s.outside.Cuts(); total > most {
		s.t.Errorf("%d copies arrived of %d, with %d cuts", total, copies, s.outside.Cuts())
	}
}

// waitQueue returns when the queue is empty.
func (s *storm) waitQueue() {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		n, err := s.server.Admin().RetryQueued(s.t.Context(), admin.QueueFilter{})
		if err != nil {
			s.t.Fatal(err)
		}
		list, err := s.server.Admin().Queued(s.t.Context(), admin.QueueFilter{})
		if err != nil {
			s.t.Fatal(err)
		}
		if n == 0 && len(list) == 0 {
			return
		}
	}
	s.t.Error("the queue is never empty")
}
