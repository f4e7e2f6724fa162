package dns

import (
	"errors"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// maxNegativeTTL is the longest that a denial may be kept (RFC 2308 §5).
const maxNegativeTTL = 3 * time.Hour

// read takes the answer to a question out of a reply.
func read[T any](c *Client, reply *wire.Msg, name string, qtype uint16, take func(wire.RR) (T, bool)) (answer Answer[T], kind, cause error) {
	found, err := c.follow(reply, name, qtype)
	if err != nil {
		return answer, ErrTemporary, err
	}
	answer = Answer[T]{Canonical: found.name, Authentic: reply.AuthenticatedData, TTL: found.ttl}
	if reply.Rcode == wire.RcodeNameError {
		return answer, ErrNoSuchName, nil
	}
	for _, rr := range found.records {
		if v, ok := take(rr); ok {
			answer.Records = append(answer.Records, v)
		}
	}
	switch {
	case len(found.records) == 0:
		return answer, ErrNotFound, nil
	case len(answer.Records) == 0:
		return answer, ErrTemporary, errors.New("no record of the answer is usable")
	}
	return answer, nil, nil
}

// An rrset is the records at the end of a chain of aliases.
type rrset struct {
	name    string
	records []wire.RR
	ttl     time.Duration
}

// follow walks from name along the CNAMEs of a reply to the records that were
// asked for. Records of other names in the answer are ignored: a server could
// put anything there.
func (c *Client) follow(reply *wire.Msg, name string, qtype uint16) (rrset, error) {
	set := rrset{name: name}
	lowest := ^uint32(0)
	for links := 0; ; links++ {
		if links > c.options.MaxCNAMEs {
			return set, errors.New("chain of CNAMEs is too long")
		}
		alias := ""
		for _, rr := range reply.Answer {
			h := rr.Header()
			if h.Class != wire.ClassINET || !sameName(h.Name, set.name) {
				continue
			}
			if cname, ok := rr.(*wire.CNAME); ok {
				alias = cname.Target
				lowest = min(lowest, h.Ttl)
			} else if h.Rrtype == qtype && len(set.records) < c.options.MaxRecords {
				set.records = append(set.records, rr)
				lowest = min(lowest, h.Ttl)
			}
		}
		if alias == "" || len(set.records) > 0 {
			break
		}
		next, err := Canonical(alias)
		if err != nil {
			return set, errors.New("CNAME to an invalid name")
		}
		set.name = next
	}
	if len(set.records) == 0 {
		set.ttl = negativeTTL(reply)
	} else {
		set.ttl = seconds(lowest)
	}
	return set, nil
}

// negativeTTL is how long a denial may be kept: what the SOA record in the
// authority section says, or nothing without one (RFC 2308 §5).
func negativeTTL(reply *wire.Msg) time.Duration {
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*wire.SOA); ok {
			return min(seconds(min(soa.Hdr.Ttl, soa.Minttl)), maxNegativeTTL)
		}
	}
	return 0
}

// seconds converts a TTL; one with the highest bit set counts as zero (RFC 2181
// §8).
func seconds(ttl uint32) time.Duration {
	if ttl > 1<<31-1 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}

// sameName compares a name from the wire, with a final dot and of any case, to
// a canonical one.
func sameName(wireName, canonical string) bool {
	return strings.EqualFold(strings.TrimSuffix(wireName, "."), canonical)
}
