package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	owner    = "alice@example.test"
	password = "mailstead" // of the accounts that `mailstead dev` makes
)

// load is what a server holds when it is measured.
type load struct{ accounts, messages int }

// measureInto measures one server and adds the point n to a curve.
func (s setting) measureInto(ctx context.Context, c *curve, n int, l load) error {
	fmt.Fprintf(os.Stderr, "%s %d %s\n", time.Now().Format(time.TimeOnly), n, c.Title)
	folder, err := os.MkdirTemp(s.folder, "bench-growth.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := s.fill(ctx, folder, l); err != nil {
		return err
	}
	p := point{N: n}
	if err := s.measure(ctx, folder, l, &p); err != nil {
		return err
	}
	c.Points = append(c.Points, p)
	return nil
}

// fill starts a server with the accounts and stores the messages in one INBOX.
func (s setting) fill(ctx context.Context, folder string, l load) error {
	users := filepath.Join(folder, "users")
	if err := os.WriteFile(users, usersFile(l.accounts), 0o600); err != nil {
		return err
	}
	srv, err := start(ctx, s.binary, folder, users)
	if err != nil {
		return err
	}
	if err := fillInbox(srv, l.messages); err != nil {
		return err
	}
	return srv.stop()
}

func usersFile(accounts int) []byte {
	var b strings.Builder
	for i := range accounts {
		fmt.Fprintf(&b, "%s %s\n", user(i), password)
	}
	return []byte(b.String())
}

func user(i int) string { return fmt.Sprintf("u%d@example.test", i) }

func fillInbox(srv *server, messages int) error {
	c, err := login(srv)
	if err != nil {
		return err
	}
	defer c.close()
	for done := 0; done < messages; {
		var batch []string
		for ; len(batch) < 100 && done < messages; done++ {
			batch = append(batch, letter(done))
		}
		if err := c.appendAll("INBOX", batch); err != nil {
			return err
		}
	}
	return nil
}

func login(srv *server) (*conn, error) {
	c, err := dial(srv.imap)
	if err != nil {
		return nil, err
	}
	if _, err := c.imap("LOGIN " + owner + " " + password); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// letter is a message of about 4 KB, another one for each number.
func letter(number int) string {
	random := rand.New(rand.NewPCG(uint64(number), 1))
	var b strings.Builder
	fmt.Fprintf(&b, "From: Carol <carol@elsewhere.test>\r\nTo: %s\r\nSubject: letter %d\r\n"+
		"Date: Sun, 01 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%d@elsewhere.test>\r\n\r\n", owner, number, number)
	for b.Len() < 4000 {
		for range 10 {
			fmt.Fprintf(&b, "%x ", random.Uint32())
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// starts is how often the server is started to see how long it takes.
const starts = 3

// measure starts the server anew and takes all times of a point.
func (s setting) measure(ctx context.Context, folder string, l load, p *point) error {
	var took []time.Duration
	var srv *server
	for i := range starts {
		var err error
		if srv, err = start(ctx, s.binary, folder, ""); err != nil {
			return err
		}
		took = append(took, srv.started)
		if i == starts-1 {
			break
		}
		if err := srv.stop(); err != nil {
			return err
		}
	}
	p.set("start", median(took))
	if err := s.session(srv, l, p); err != nil {
		return err
	}
	memory, err := srv.resident()
	if err != nil {
		return err
	}
	p.Resident = memory
	return srv.stop()
}

// session does what a client does, and times it.
func (s setting) session(srv *server, l load, p *point) error {
	c, err := login(srv)
	if err != nil {
		return err
	}
	defer c.close()
	selectInbox := func(int) error {
		_, err := c.imap("SELECT INBOX")
		return err
	}
	newest := l.messages - 99
	work := []struct {
		name  string
		times int
		do    func(i int) error
	}{
		{"first", 1, selectInbox},
		{"select", s.rounds, selectInbox},
		{"flags", s.rounds, func(int) error {
			told, err := c.imap(fmt.Sprintf("FETCH %d:* (UID FLAGS)", newest))
			if err == nil && len(told) < 100 {
				return fmt.Errorf("%d messages told, not the newest 100", len(told))
			}
			return err
		}},
		{"store", s.rounds, func(i int) error {
			uid := 1 + i*(l.messages/s.rounds) // another one each time: each is a change
			_, err := c.imap(fmt.Sprintf("UID STORE %d +FLAGS.SILENT (\\Flagged)", uid))
			return err
		}},
	}
	for _, w := range work {
		if err := p.time(w.name, w.times, w.do); err != nil {
			return err
		}
	}
	return s.delivery(srv, c, l, p)
}

// delivery times messages: until the server has taken them, and until a
// client that waits in IDLE hears of them.
func (s setting) delivery(srv *server, idler *conn, l load, p *point) error {
	sender, err := dial(srv.smtp)
	if err != nil {
		return err
	}
	defer sender.close()
	if err := sender.smtp("EHLO client.test"); err != nil {
		return err
	}
	text := letter(-1)
	// The first mail of an account makes its mailboxes.
	if l.accounts >= s.rounds {
		err := p.time("firstmail", s.rounds, func(i int) error { return sender.deliver(s.recipient(l, i), text) })
		if err != nil {
			return err
		}
	}
	err = p.time("deliver", s.rounds, func(i int) error { return sender.deliver(s.recipient(l, i), text) })
	if err != nil {
		return err
	}
	if _, err := idler.imap("NOOP"); err != nil {
		return err
	}
	fmt.Fprint(idler.out, "idle IDLE\r\n")
	idler.out.Flush()
	if _, err := idler.line(); err != nil {
		return err
	}
	return p.time("idle", s.rounds, func(int) error {
		if err := sender.deliver(owner, text); err != nil {
			return err
		}
		return heard(idler)
	})
}

// recipient is another account each time where there are many, the owner of the
// mailbox where there are few.
func (s setting) recipient(l load, i int) string {
	if l.accounts < s.rounds {
		return owner
	}
	return user(i * (l.accounts / s.rounds))
}

// heard waits for the news of one message.
func heard(idler *conn) error {
	exists, recent := false, false
	for !exists || !recent {
		line, err := idler.line()
		if err != nil {
			return err
		}
		exists = exists || strings.HasSuffix(line, " EXISTS")
		recent = recent || strings.HasSuffix(line, " RECENT")
	}
	return nil
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
