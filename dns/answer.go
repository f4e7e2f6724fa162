package dns

import (
	"errors"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

// maxNegativeTTL is the longest that a denial may be kept (RFC 2308 §5).
const maxNegativeTTL = 3 * time.Hour

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

// joinText joins the character strings of a TXT record and undoes the escapes
// with which the wire library presents them.
func joinText(parts []string) string {
	joined := strings.Join(parts, "")
	if !strings.Contains(joined, `\`) {
		return joined
	}
	var b strings.Builder
	for i := 0; i < len(joined); i++ {
		if joined[i] != '\\' || i+1 == len(joined) {
			b.WriteByte(joined[i])
			continue
		}
		if n, ok := threeDigits(joined[i+1:]); ok {
			b.WriteByte(n)
			i += 3
			continue
		}
		i++
		b.WriteByte(joined[i])
	}
	return b.String()
}

func threeDigits(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return byte(n), n < 256
}
