//go:build clients

package clienttest

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// submit posts letters of alice, over TLS.
func (s *server) submit(t *testing.T, letters ...letter) {
	t.Helper()
	w := s.smtpSession(t, "submissions")
	w.post(letters...)
	w.smtpOK("QUIT", "221")
}

// fromAlice returns the sample messages as alice's own.
func fromAlice(n int) []string {
	all := samples(n)
	for i := range all {
		all[i] = strings.Replace(all[i], "From: far@elsewhere.test", "From: "+alice, 1)
	}
	return all
}

var literal = regexp.MustCompile(`\{(\d+)\}$`)

// messages returns what is in a user's inbox.
func (s *server) messages(t *testing.T, user string) []string {
	t.Helper()
	w := s.imapSession(t, "imap", user)
	w.ok("EXAMINE INBOX")
	w.send("f UID FETCH 1:* BODY.PEEK[]\r\n")
	var all []string
	for {
		line := w.line()
		if strings.HasPrefix(line, "f ") {
			w.conn.Close()
			return all
		}
		if m := literal.FindStringSubmatch(line); m != nil {
			size, _ := strconv.Atoi(m[1])
			text := make([]byte, size)
			if _, err := io.ReadFull(w.in, text); err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
}

// await waits for n messages in a user's inbox.
func (s *server) await(t *testing.T, user string, n int) {
	t.Helper()
	w := s.imapSession(t, "imap", user)
	eventually(t, fmt.Sprintf("%d messages for %s", n, user), func() bool {
		m := messageCount.FindStringSubmatch(strings.Join(w.ok("STATUS INBOX (MESSAGES)"), "\n"))
		count, err := strconv.Atoi(m[1])
		return err == nil && count >= n
	})
	w.ok("LOGOUT")
}

var messageCount = regexp.MustCompile(`MESSAGES (\d+)`)

// arrive waits for as many messages in a user's inbox as were written, and
// compares them.
func (s *server) arrive(t *testing.T, user string, want []string) {
	t.Helper()
	s.await(t, user, len(want))
	same(t, "in the inbox of "+user, written(s.messages(t, user)), want)
}

// reports waits for n messages in an inbox, and returns them as one text.
func (s *server) reports(t *testing.T, user string, n int) string {
	t.Helper()
	s.await(t, user, n)
	all := s.messages(t, user)
	if len(all) != n {
		t.Errorf("%s has %d messages, want %d", user, len(all), n)
	}
	return strings.ReplaceAll(strings.Join(all, "\n"), "\r\n", "\n")
}

// drained waits until our queue is empty.
func (s *server) drained(t *testing.T) {
	t.Helper()
	eventually(t, "an empty queue", func() bool { return strings.TrimSpace(s.queue(t)) == "[]" })
}

// TestRelayToPeer sends messages of all kinds over STARTTLS and in chunks.
func TestRelayToPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		sent := fromAlice(12)
		var letters []letter
		for _, text := range sent {
			letters = append(letters, letter{"<" + alice + "> BODY=8BITMIME", []string{"<" + carol + ">"}, text})
		}
		p.submit(t, letters...)
		p.taken(t, "carol", sent)
		p.drained(t)
		p.logged(t, p.transport.tells().tlsIn, "BODY=8BITMIME")
		chunks := p.transport.tells().chunksIn
		eventually(t, "all of them in chunks", func() bool { return strings.Count(p.transport.log(t), chunks) == len(sent) })
	})
}

// TestUTF8ToPeer sends to an address, and with a header, of more than ASCII.
func TestUTF8ToPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		text := strings.Replace(fromAlice(1)[0], "Subject: ", "Subject: Grüße an ", 1)
		p.submit(t, letter{"<" + alice + "> BODY=8BITMIME SMTPUTF8", []string{"<grün@peer.test>"}, text})
		p.taken(t, "grün", []string{text})
		p.logged(t, "SMTPUTF8")
	})
}

// TestNotificationFromPeer hands the sender's wishes on (RFC 3461 §5.2.1): the
// peer makes the report, which comes back to the sender.
func TestNotificationFromPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		text := fromAlice(1)[0]
		p.submit(t, letter{
			"<" + alice + "> RET=HDRS ENVID=QQ314159",
			[]string{"<" + carol + "> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;carol.x@old.test"}, text,
		})
		p.taken(t, "carol", []string{text})
		p.logged(t, "RET=HDRS", "ENVID=QQ314159", "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;carol.x@old.test")
		report := p.reports(t, alice, 1)
		for _, line := range []string{
			"Original-Envelope-Id: QQ314159", "Reporting-MTA: dns; peer.test", "Original-Recipient: rfc822;carol.x@old.test",
			"Final-Recipient: rfc822;" + carol, "Action: delivered",
		} {
			containsFold(t, report, line)
		}
		p.drained(t)
	})
}

// containsFold compares fields of reports, which programs write in their own
// case and with space of their own.
func containsFold(t *testing.T, text, want string) {
	t.Helper()
	plain := strings.NewReplacer(" ", "").Replace
	contains(t, strings.ToLower(plain(text)), strings.ToLower(plain(want)))
}

// TestRefusedByPeer sends to one who is there and one who is not.
func TestRefusedByPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		text := fromAlice(1)[0]
		p.submit(t, letter{"<" + alice + "> ENVID=two", []string{"<" + carol + ">", "<nobody@peer.test>"}, text})
		p.taken(t, "carol", []string{text})
		report := p.reports(t, alice, 1)
		for _, want := range []string{
			"Original-Envelope-Id: two\n", "Final-Recipient: rfc822; nobody@peer.test\n", "Action: failed\n",
			"Status: " + p.transport.tells().unknown + "\n", "Diagnostic-Code: smtp; 550 ", "Subject: sample 0\n",
		} {
			contains(t, report, want)
		}
		if strings.Contains(report, "Final-Recipient: rfc822; "+carol) {
			t.Errorf("the bounce speaks of carol too:\n%s", report)
		}
		p.drained(t)
	})
}

// TestGreylistedByPeer is put off at first, and tries again.
func TestGreylistedByPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		text := fromAlice(1)[0]
		p.transport.greylist(t, true)
		p.submit(t, letter{"<" + alice + ">", []string{"<grey@peer.test>"}, text})
		eventually(t, "a refusal for now", func() bool { return strings.Contains(p.queue(t), "Greylisted, please try again") })
		p.transport.greylist(t, false)
		p.retryQueue(t)
		p.taken(t, "grey", []string{text})
		p.drained(t)
		if got := p.messages(t, alice); len(got) > 0 {
			t.Errorf("alice got %q", got)
		}
	})
}

// TestRequireTLSToPeer demands (RFC 8689) what the peer cannot promise.
func TestRequireTLSToPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		p.submit(t, letter{"<" + alice + "> REQUIRETLS", []string{"<" + carol + ">"}, fromAlice(1)[0]})
		report := p.reports(t, alice, 1)
		contains(t, report, "Action: failed\n")
		if !regexp.MustCompile(`(?m)^Status: 5\.7\.(10|30)$`).MatchString(report) {
			t.Errorf("the status is another:\n%s", report)
		}
		if strings.Contains(p.transport.log(t), "RCPT TO") || len(p.mail(t, "carol")) > 0 {
			t.Error("the peer heard of the message")
		}
		p.drained(t)
	})
}
