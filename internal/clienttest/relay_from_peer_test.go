//go:build clients

package clienttest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var traceOfPeer = regexp.MustCompile(`^Return-Path: <carol@peer\.test>\r\nDelivered-To: alice@example\.test\r\n` +
	`Received: from peer\.test \([^;]*\swith ESMTPS id [^;]*\(TLS 1\.3 `)

// TestRelayFromPeer takes messages of all kinds over STARTTLS, in the way the
// peer likes to send them.
func TestRelayFromPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		sent := samples(12)
		var letters []letter
		for _, text := range sent {
			letters = append(letters, letter{"<" + carol + "> BODY=8BITMIME", []string{"<" + alice + ">"}, text})
		}
		p.session(t).post(letters...)
		p.arrive(t, alice, sent)
		for _, text := range p.messages(t, alice) {
			if !traceOfPeer.MatchString(text) {
				t.Errorf("the trace is another: %.400q", text)
			}
		}
		p.logged(t, p.transport.tells().tlsOut)
		if chunks := p.transport.tells().chunksOut; chunks != "" && strings.Count(p.transport.log(t), chunks) != len(sent) {
			t.Error("not all messages came in chunks")
		}
	})
}

// TestReportsToPeer tells the sender at the peer that the message has arrived,
// since we offer DSN, and that it is refused.
func TestReportsToPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		p.session(t).post(letter{
			"<" + carol + "> RET=HDRS ENVID=QQ314159",
			[]string{
				"<" + alice + "> NOTIFY=SUCCESS ORCPT=rfc822;al@old.test", "<" + bob + "> NOTIFY=NEVER",
				"<nobody@example.test> NOTIFY=FAILURE",
			}, samples(1)[0],
		})
		eventually(t, "two reports", func() bool { return len(p.mail(t, "carol")) >= 2 })
		reports := strings.Join(p.mail(t, "carol"), "\n")
		for _, line := range []string{
			"Original-Envelope-Id: QQ314159", "Original-Recipient: rfc822;al@old.test", "Final-Recipient: rfc822;" + alice,
			"Action: delivered", "Reporting-MTA: dns; localhost",
			"Final-Recipient: rfc822;nobody@example.test", "Action: failed", "550 5.1.1",
		} {
			containsFold(t, reports, line)
		}
		for _, user := range []string{alice, bob} {
			p.arrive(t, user, samples(1))
		}
		if n := strings.Count(reports, "Final-Recipient"); n != 2 {
			t.Errorf("%d recipients are reported, want 2:\n%s", n, reports)
		}
	})
}

// TestOutcomesForPeer sends to one who is there, one who is not, and one whose
// mailbox is full: who is there gets it once, and only the full one is tried
// again.
func TestOutcomesForPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		p.mailstead(t, "account", "quota", bob, "--messages", "1")
		p.upload(t, "INBOX", "Subject: first\r\n\r\n")
		p.session(t).post(letter{"<" + carol + ">", []string{"<" + bob + ">"}, samples(1)[0]})
		p.arrive(t, bob, samples(1))

		second := samples(2)[1]
		p.session(t).post(letter{"<" + carol + ">", []string{"<" + alice + ">", "<" + bob + ">", "<nobody@example.test>"}, second})
		eventually(t, "a bounce", func() bool { return len(p.mail(t, "carol")) >= 1 })
		bounce := strings.Join(p.mail(t, "carol"), "\n")
		containsFold(t, bounce, "Final-Recipient: rfc822;nobody@example.test")
		for _, user := range []string{alice, bob} {
			if strings.Contains(bounce, "rfc822;"+user) {
				t.Errorf("the bounce speaks of %s too:\n%s", user, bounce)
			}
		}
		eventually(t, "bob's copy in the peer's queue", func() bool { return strings.Contains(p.transport.waiting(t), bob) })
		p.logged(t, "452 4.2.2")

		p.mailstead(t, "account", "quota", bob, "--messages", "none")
		p.transport.flush(t)
		p.arrive(t, bob, samples(2))
		if got := p.messages(t, alice); len(got) != 2 {
			t.Errorf("alice has %d messages, want 2", len(got))
		}
	})
}

// TestManyFromPeer takes many messages over few connections.
func TestManyFromPeer(t *testing.T) {
	t.Parallel()
	withPeers(t, func(t *testing.T, p *peer) {
		count := p.transport.burst()
		var (
			letters []letter
			sent    []string
		)
		for i := range count {
			text := fmt.Sprintf("From: %s\r\nTo: %s\r\nDate: Fri, 2 Jan 2026 12:00:00 +0000\r\nMessage-ID: <n%d@peer.test>\r\n"+
				"Subject: number %d\r\n\r\nthe body of number %d\r\n", carol, alice, i, i, i)
			letters, sent = append(letters, letter{"<" + carol + ">", []string{"<" + alice + ">"}, text}), append(sent, text)
		}
		p.transport.hold(t)
		p.session(t).post(letters...)
		p.transport.flush(t)
		p.arrive(t, alice, sent)
		if reused := strings.Count(p.transport.log(t), p.transport.tells().reused); reused < count*8/10 {
			t.Errorf("%d messages came over a connection that was there, of %d", reused, count)
		}
	})
}
