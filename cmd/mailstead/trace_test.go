package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/journal"
)

func TestTraceVerb(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	refused(t, `nothing is known of "nobody@far.test"`, "", "trace", "nobody@far.test", "--data", data)
	refused(t, "the limit must be from 1 to 1000", "", "trace", "x", "--limit", "0", "--data", data)
	refused(t, "accepts 1 arg", "", "trace", "--data", data)
	r := run(t.Context(), "", "trace", "x", "--json", "--data", data)
	var none []journal.Journey
	if err := json.Unmarshal([]byte(r.out), &none); err != nil || len(none) != 0 || r.err == nil {
		t.Errorf("%v, %v of %q", err, r.err, r.out)
	}
}

// TestPrintJourneys prints two messages; what strangers say must not steer the
// terminal.
func TestPrintJourneys(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	found := []journal.Journey{
		{
			{
				Time: at, Kind: journal.Received, MessageID: "<1@example.test>", Transaction: "TX", Queue: "q1", Sender: "ann@example.test", Size: 321,
				Peer:    journal.Peer{Name: "[192.0.2.1]", Address: "192.0.2.1:5000", TLS: "TLS 1.3 AES", User: "ann@example.test", With: "ESMTPSA"},
				Verdict: []string{"priority lowered to 0", "held until later"},
				Recipients: []journal.Recipient{
					{Address: "all@example.test", Outcome: journal.Stored, Account: "bob@example.test", Mailbox: "INBOX"},
					{Address: "x@far.test", Original: "all@example.test", Outcome: journal.Queued},
					{Address: "full@example.test", Outcome: journal.Queued, Account: "full@example.test", Queue: "q2"},
				},
				More: 2,
			},
			{
				Time: at, Kind: journal.Attempt, Queue: "q1", Took: 1234 * time.Millisecond,
				Peer:       journal.Peer{Name: "mx.far.test", Address: "192.0.2.9:25"},
				Recipients: []journal.Recipient{{Address: "x@far.test", Outcome: journal.Deferred, Reply: "450 \x1b[31mlater\r\nor never", Next: at}},
			},
			{Time: at, Kind: journal.Attempt, Queue: "q2", Recipients: []journal.Recipient{{Address: "full@example.test", Outcome: journal.Stored, Reply: "Delivered."}}},
			{Time: at, Kind: journal.Notified, Queue: "q1", Notice: "q3", Sender: "ann@example.test", Recipients: []journal.Recipient{{Address: "x@far.test", Outcome: journal.Failed}}},
		},
		{{Time: at, Kind: journal.Refused, Sender: "<>", Peer: journal.Peer{Name: "a\u202eb", Address: "unix socket", With: "LMTP"}, Reply: "554 no"}},
	}
	want := strings.NewReplacer("TIME", at.Local().Format(eventTime), "NEXT", at.Local().Format(time.DateTime)).Replace(
		`<1@example.test> from <ann@example.test>, 321 bytes
  TIME  received from [192.0.2.1] (192.0.2.1:5000), TLS 1.3 AES, ESMTPSA, user ann@example.test
      id TX, queue id q1
      priority lowered to 0; held until later
      all@example.test: stored in INBOX of bob@example.test
      x@far.test (by all@example.test): queued
      full@example.test: queued, queue id q2
      and 2 more
  TIME  attempt at mx.far.test (192.0.2.9:25), no TLS, took 1.234s
      x@far.test: deferred, next attempt NEXT: 450 ?[31mlater or never
  TIME  attempt within this server, took 0s
      full@example.test: stored: Delivered.
  TIME  told <ann@example.test>
      queue id q1, by a message with the queue id q3
      x@far.test: failed

a message without a Message-ID from <>
  TIME  refused to a?b (unix socket), no TLS, LMTP
      554 no
`)
	var out bytes.Buffer
	if err := printJourneys(&out, found); err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}
