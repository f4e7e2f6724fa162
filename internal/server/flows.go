package server

import (
	"context"
	"math"
	"net/netip"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/face/imapsession"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/flow/outbound/capture"
	"github.com/mailstead/mailstead/internal/flow/outbound/inhouse"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/flow/submission"
	"github.com/mailstead/mailstead/internal/flow/tlsreport"
	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/limit"
)

// flows are what happens to messages.
type flows struct {
	login      *login.Service
	delivery   *delivery.Deliverer
	doorkeeper *inbound.Doorkeeper
	clerk      *submission.Clerk
	senders    *submission.Senders
	runner     *outbound.Runner
	retrieval  *retrieval.Service
	upkeep     *upkeep.Keeper
	urls       *imapurl.Service
	sessions   *tlsreport.Counter
	reports    tlsreport.Reader
	reportsTo  address.Address // whose mail is read for TLS reports
}

func (s *Server) makeFlows() error {
	hostname, err := s.hostname()
	if err != nil {
		return err
	}
	s.login = login.New(login.Options{
		Directory: s.directory,
		Failures:  limit.NewFailures(limit.DefaultFailureOptions()),
		Exempt:    s.mayGuess,
		Logger:    s.log.With("part", "login"),
		Result:    s.counters.login,
	})
	s.makeIncoming(hostname)
	if err := s.makeOutbound(hostname); err != nil {
		return err
	}
	s.retrieval = retrieval.New(retrieval.Options{
		Directory: s.directory, Mail: s.mail, Notes: s.notes,
		Defaults: pop3Policy(&s.config.Maildrop),
		Now:      s.options.Now,
		Logger:   s.log.With("part", "retrieval"),
	})
	return s.makeUpkeep()
}

// makeIncoming makes what happens to mail that is brought here.
func (s *Server) makeIncoming(hostname address.Domain) {
	s.delivery = delivery.New(delivery.Options{
		Store:     s.store,
		Directory: s.directory,
		Mail:      s.mail,
		Queue:     s.queue,
		Wake:      func() { s.runner.Notify() },
		Lifetime:  s.config.Outbound.Lifetime.Duration,
		Hostname:  hostname.String(),
		Logger:    s.log.With("part", "delivery"),
		Now:       s.options.Now,
		Delivered: s.counters.delivered,
	})
	s.doorkeeper = &inbound.Doorkeeper{Directory: s.directory, Delivery: s.delivery, Rate: s.receivedRate()}
	s.senders = submission.NewSenders(submission.Rates{
		MessagesPerHour:   s.config.Sending.MessagesPerHour,
		RecipientsPerHour: s.config.Sending.RecipientsPerHour,
		RecipientsPerDay:  s.config.Sending.RecipientsPerDay,
	}, s.options.Now)
	s.clerk = &submission.Clerk{Directory: s.directory, Hostname: s.config.HostnameOrMachine(), Now: s.options.Now}
	s.urls = imapurl.New(imapurl.Options{
		Directory: s.directory, Mail: s.mail, Hosts: []string{s.config.HostnameOrMachine()}, Now: s.options.Now,
		Find: imapsession.Options{Directory: s.directory, Mail: s.mail}.FindReadable,
	})
}

// makeOutbound makes what happens to mail that leaves.
func (s *Server) makeOutbound(hostname address.Domain) (err error) {
	if a := s.config.TLSReports.Address; a != "" {
		if s.reportsTo, err = address.Parse(a); err != nil {
			return err
		}
	}
	s.sessions = tlsreport.NewCounter(tlsreport.CounterOptions{Peers: s.peers, Now: s.options.Now, Logger: s.log.With("part", "tls-reports")})
	routes, err := s.routes()
	if err != nil {
		return err
	}
	transport, err := s.transport(routes)
	if err != nil {
		return err
	}
	s.runner = outbound.New(outbound.Options{
		Queue:             s.queue,
		Store:             s.store,
		Transport:         transport,
		Bounce:            s.bounce,
		Hostname:          hostname,
		Schedule:          schedule(&s.config.Outbound),
		Routes:            routes,
		MaxDeliveries:     s.config.Outbound.Concurrency,
		MaxPerDestination: s.config.Outbound.PerDestination,
		Drain:             s.config.Limits.DrainTime.Duration,
		Logger:            s.log.With("part", "outbound"),
		Metrics:           s.counters.outbound(),
		Observe:           s.observe(),
		Now:               s.options.Now,
	})
	s.delivery.Taker = s.runner
	return nil
}

func (s *Server) makeUpkeep() error {
	chores, err := s.chores()
	if err != nil {
		return err
	}
	began := time.Now()
	s.upkeep = upkeep.New(upkeep.Options{
		Store: s.store, Mail: s.mail, Chores: chores,
		Interval:     s.config.Storage.ReclaimInterval.Duration,
		KeepExpunged: s.config.Storage.KeepExpunged.Duration,
		Now:          s.options.Now,
		Uptime:       func() time.Duration { return time.Since(began) },
		Logger:       s.log.With("part", "upkeep"),
	})
	return nil
}

// chores are what the upkeep does besides looking after the store.
func (s *Server) chores() ([]upkeep.Chore, error) {
	chores, err := s.makeTLSReports()
	if s.copies != nil {
		chores = append(chores, s.copies.chore())
	}
	return append(chores, s.expireJournal(),
		upkeep.Chore{Name: "expiring mail left by POP3", Every: time.Hour, Expires: true, Do: s.retrieval.Expire},
		upkeep.Chore{Name: "expiring MTA-STS policies", Every: 24 * time.Hour, Expires: true, Do: func(context.Context) (int64, error) {
			return 0, s.peers.ExpirePolicies(s.options.Now())
		}},
	), err
}

// pop3Policy is that of accounts that have none.
func pop3Policy(m *config.Maildrop) directory.POP3 {
	p := directory.POP3{
		Mailbox: m.Mailbox, Delete: directory.Deletion(m.Delete),
		LeaveDays: directory.LeaveForever, LoginDelay: directory.NoLoginDelay,
	}
	if days, limited := m.LeaveDays(); limited {
		p.LeaveDays = days
		if days == 0 {
			p.LeaveDays = directory.LeaveNothing
		}
	}
	if m.LoginDelay.Duration > 0 {
		p.LoginDelay = m.LoginDelay.Duration
	}
	return p
}

// never is longer than any message is kept.
const never = time.Duration(math.MaxInt64)

func schedule(o *config.Outbound) outbound.Schedule {
	s := outbound.Schedule{DelayNotice: o.DelayNotice.Duration}
	if s.DelayNotice == 0 {
		s.DelayNotice = never
	}
	for _, pause := range o.Retry {
		s.Pauses = append(s.Pauses, pause.Duration)
	}
	return s
}

// mayGuess exempts clients on this machine from what slows down guessing, where
// their passwords are no secret: there thousands of users come from one address.
func (s *Server) mayGuess(ip netip.Addr) bool {
	return s.config.Auth.AllowInsecure && ip.IsLoopback()
}

// transport returns how mail leaves the house.
func (s *Server) transport(routes outbound.Routes) (outbound.Transport, error) {
	if s.options.CaptureOutbound {
		return s.inHouse(&capture.Transport{Directory: s.directory, Mail: s.mail, Now: s.options.Now}), nil
	}
	world, err := s.smtpTransport(routes)
	if err != nil {
		return nil, err
	}
	return s.inHouse(world), nil
}

// inHouse delivers to our own accounts what waits for them in the queue.
func (s *Server) inHouse(next outbound.Transport) outbound.Transport {
	return &inhouse.Transport{Directory: s.directory, Mail: s.mail, Delivery: s.delivery, Next: next}
}
