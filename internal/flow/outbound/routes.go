package outbound

import (
	"slices"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
)

// A Route says how mail that it matches is sent. Zero fields leave it as it
// would be without the route.
type Route struct {
	Name string
	Match

	Relay       *Relay          // the next hop
	Direct      bool            // no relay, though there is one for all other mail
	Hello       address.Domain  // how we greet
	TLS         RelayTLS        // of connections to the hosts of destinations
	Sources     *SourcePool     // the addresses that we send from
	Pauses      []time.Duration // between attempts
	Lifetime    time.Duration   // after which delivery is given up
	Concurrency int             // parcels at once over the route
	// PerDestination is parcels at once to one destination, PerMinute how
	// many may start in a minute.
	PerDestination int
	PerMinute      int
}

// A Match is what a route is for. Each part that is set must fit; of several
// patterns one must. In a
// pattern, which is in lower case, * stands for any text.
type Match struct {
	Recipients []string // domains of recipients
	Senders    []string // domains of senders; the null sender has ""
	Accounts   []string // addresses of accounts that submit
	Hosts      []string // names of the hosts that take mail for the destination
	// Attempts is how many must have failed before.
	Attempts int
}

// A Way is what is known of a parcel when its route is chosen.
type Way struct {
	Recipient string // domain
	Sender    string // domain
	Account   string // address
	Hosts     []string
	Attempts  int
}

// wayOf describes a parcel, whose hosts are not known yet. If its recipients
// have been tried more or less often, the least counts.
func wayOf(m *queue.Message, recipients []queue.Recipient) Way {
	w := Way{
		Recipient: recipients[0].Destination.String(), Sender: m.Sender.Address.Domain.String(),
		Account: m.Account.Canonical().String(), Attempts: recipients[0].Attempts,
	}
	for i := range recipients {
		w.Attempts = min(w.Attempts, recipients[i].Attempts)
	}
	return w
}

// Routes are tried in order. What none of them matches goes as usual.
type Routes []*Route

// usual is the route of what no other route matches; it changes nothing.
var usual = new(Route)

// choose returns the first route that matches.
func (rs Routes) choose(w *Way) *Route {
	for _, r := range rs {
		if r.matches(w) {
			return r
		}
	}
	return usual
}

// needHosts reports whether a route before the one that matches without hosts
// asks for them.
func (rs Routes) needHosts() bool {
	return slices.ContainsFunc(rs, func(r *Route) bool { return len(r.Hosts) > 0 })
}

func (m *Match) matches(w *Way) bool {
	return fits(m.Recipients, w.Recipient) && fits(m.Senders, w.Sender) && fits(m.Accounts, w.Account) &&
		w.Attempts >= m.Attempts && (len(m.Hosts) == 0 || slices.ContainsFunc(w.Hosts, func(h string) bool { return fits(m.Hosts, h) }))
}

// fits reports whether one of the patterns matches; if there are none, all is
// well.
func fits(patterns []string, name string) bool {
	if len(patterns) == 0 {
		return true
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, name) })
}

// glob reports whether a name matches a pattern, in which * stands for any
// text.
func glob(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, head)
	if !ok || !star {
		return ok && name == ""
	}
	for {
		if glob(rest, name) {
			return true
		}
		if name == "" {
			return false
		}
		name = name[1:]
	}
}

// schedule returns the schedule of the route.
func (r *Route) schedule(usual Schedule) Schedule {
	if len(r.Pauses) > 0 {
		usual.Pauses = r.Pauses
	}
	return usual
}

// least is the gap between the starts of two parcels to one destination.
func (r *Route) least() time.Duration {
	if r.PerMinute == 0 {
		return 0
	}
	return time.Minute / time.Duration(r.PerMinute)
}
