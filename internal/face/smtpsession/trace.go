package smtpsession

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/limit"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/smtp"
)

// An arrival is a message on its way in, as far as it has come.
type arrival struct {
	id, with string
	at       time.Time
	out      *delivery.Message // nil before the message is whole
	results  []error           // of each recipient, if the message was taken
	// failed are the accounts that could not have it, and again the queue id
	// under which it waits for them; 0 if it does not.
	failed []delivery.Failure
	again  queue.ID
}

// traceArrival notes what became of a message; err is the failure of all its
// recipients.
func (s *session) traceArrival(a *arrival, err error) {
	if s.Trace == nil {
		return
	}
	e := s.event(journal.Received)
	e.Time, e.Transaction, e.Peer.With = a.at, a.id, a.with
	if a.out != nil {
		e.MessageID, e.Size = messageID(a.out), a.out.Content.Size()
	}
	e.Verdict = s.remarks(a)
	if err != nil {
		e.Kind, e.Reply = journal.Refused, err.Error()
		e.Recipients = append(s.refused, s.allRefused(err)...)
	} else {
		if a.out.QueueID != 0 {
			e.Queue = a.out.QueueID.String()
		}
		e.Recipients = append(s.refused, s.fates(a)...)
	}
	e.More, s.refused, s.more = s.more, nil, 0
	s.Trace(e)
	if a.out != nil && len(a.out.Told) > 0 && err == nil {
		s.traceTold(&e, a.out.Told)
	}
}

// traceTold notes that the sender was told of a delivery here.
func (s *session) traceTold(received *journal.Event, told []delivery.Local) {
	e := journal.Event{Kind: journal.Notified, MessageID: received.MessageID, Transaction: received.Transaction, Sender: received.Sender}
	for _, to := range told {
		e.Recipients = append(e.Recipients, journal.Recipient{Address: to.Address.String(), Outcome: journal.Stored})
	}
	s.Trace(e)
}

// event begins an event with who is there.
func (s *session) event(kind journal.Kind) journal.Event {
	e := journal.Event{Kind: kind, Sender: s.from.Address.String(), Peer: journal.Peer{Name: s.hello.Name, Address: "unix socket"}}
	if s.from.IsNull() {
		e.Sender = "<>"
	}
	if tcp, ok := s.conn.Remote.(*net.TCPAddr); ok {
		e.Peer.Address = tcp.String()
	}
	if state := s.conn.TLS; state != nil {
		e.Peer.TLS = tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
	}
	if account, ok := s.account(); ok {
		e.Peer.User = account.Address.String()
	}
	return e
}

// remarks are what was decided about the message besides taking it.
func (s *session) remarks(a *arrival) []string {
	var list []string
	if s.lowered {
		list = append(list, "priority lowered to "+strconv.Itoa(int(s.opts.Priority)))
	}
	if s.opts.RequireTLS {
		list = append(list, "demands TLS all the way (REQUIRETLS)")
	}
	if a.out != nil && !a.out.NotBefore.IsZero() {
		list = append(list, "held until "+a.out.NotBefore.UTC().Format(time.RFC3339))
	}
	if f := s.forwarded; f != (smtp.ClientAttributes{}) {
		list = append(list, "passed on for "+f.Name+" "+f.Addr.String())
	}
	return list
}

// messageID returns the Message-ID, which may be one that we have added.
func messageID(m *delivery.Message) string {
	if id := m.Content.Structure().Envelope.MessageID; id != "" || m.Account.IsZero() {
		return id
	}
	id, _ := message.Header(m.Trace).Get("Message-ID")
	return string(id)
}

// allRefused gives all accepted recipients the failure of the message.
func (s *session) allRefused(err error) []journal.Recipient {
	list := make([]journal.Recipient, len(s.rcpt))
	for i := range s.rcpt {
		list[i] = refusedRecipient(s.rcpt[i].path.Address, err)
		list[i].Reply = "" // the event has it
	}
	return list
}

func refusedRecipient(to address.Address, err error) journal.Recipient {
	outcome := journal.Failed
	if smtp.ReplyTo(err).Temporary() {
		outcome = journal.Deferred
	}
	return journal.Recipient{Address: to.String(), Outcome: outcome, Reply: err.Error()}
}

// fates tells where each recipient of a message that was taken has it.
func (s *session) fates(a *arrival) []journal.Recipient {
	list := make([]journal.Recipient, 0, len(s.rcpt))
	for i := range s.rcpt {
		r := &s.rcpt[i]
		to := r.path.Address.String()
		if err := a.results[i]; err != nil {
			list = append(list, refusedRecipient(r.path.Address, err))
			continue
		}
		for _, d := range r.found.Local {
			list = append(list, a.local(to, d))
		}
		for _, f := range r.found.Foreign {
			one := journal.Recipient{Address: f.String(), Outcome: journal.Queued, Next: a.out.NotBefore}
			if f != r.path.Address {
				one.Original = to
			}
			list = append(list, one)
		}
	}
	return list
}

// local tells where an account that an address leads to has the message.
func (a *arrival) local(to string, d directory.Destination) journal.Recipient {
	one := journal.Recipient{Address: to, Outcome: journal.Stored, Account: d.Address.String(), Mailbox: "INBOX"}
	for _, later := range a.out.Recipients.Later {
		if later.Account == d.Account {
			one.Outcome, one.Mailbox, one.Next = journal.Queued, "", a.out.NotBefore
		}
	}
	for _, f := range a.failed {
		if f.Account == d.Account {
			one.Outcome, one.Mailbox, one.Reply = journal.Queued, "", f.Err.Error()
			one.Queue = a.again.String()
		}
	}
	return one
}

// Bounds of what is noted of clients that bring no message.
const (
	maxRefused = 20 // recipients of one transaction
	maxProbes  = 3  // transactions of one connection
)

// A probeLimit bounds how many transactions without a message are noted, so
// that who only tries out addresses does not fill the journal.
type probeLimit struct {
	network *limit.Buckets[netip.Prefix]
	all     *limit.Buckets[struct{}]
}

func newProbeLimit(now func() time.Time) probeLimit {
	return probeLimit{
		network: limit.NewBuckets[netip.Prefix](limit.Rate{Burst: 100, Per: time.Hour}, 10_000, now),
		all:     limit.NewBuckets[struct{}](limit.Rate{Burst: 3600, Per: time.Hour}, 1, now),
	}
}

func (l *probeLimit) allow(ip netip.Addr) bool {
	return l.network.Take(limit.Network(ip), 1) && l.all.Take(struct{}{}, 1)
}

// noteRefused remembers a refused recipient until the transaction ends.
func (s *session) noteRefused(to address.Address, err error) {
	switch {
	case s.Trace == nil:
	case len(s.refused) < maxRefused:
		s.refused = append(s.refused, refusedRecipient(to, err))
	default:
		s.more++
	}
}

// traceProbe notes a transaction that ends without a message. reply is why it
// could not begin; empty if only recipients were refused.
func (s *session) traceProbe(reply string) {
	if s.Trace == nil || reply == "" && len(s.refused) == 0 {
		return
	}
	if s.probes++; s.probes > maxProbes || !s.probeLimit.allow(ipOf(s.conn.Remote)) {
		return
	}
	e := s.event(journal.Refused)
	e.Reply, e.Recipients, e.More = reply, s.refused, s.more
	s.Trace(e)
}
