package outbound

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// A ward is a world of ten well destinations and a sick one, in which each gets
// three messages a second. Each message takes a host a tenth of a second.
type ward struct {
	*world
	house  *house
	state  atomic.Value // of the sick host: "well", "refuses" or "stalls"
	dials  atomic.Int64 // to the sick host
	sent   int
	runner *Runner
}

const wellHosts = 10

func newWard(t *testing.T) *ward {
	w := &ward{house: newHouse(t), world: &world{tb: t, hosts: map[string]*fakeHost{}}}
	zones := dnstest.Zones{MX: map[string][]dns.MX{}, A: map[string][]string{}}
	for i := range wellHosts + 1 {
		name := fmt.Sprintf("mx%d.test", i)
		zones.MX[fmt.Sprintf("d%d.test", i)] = mx(10, name)
		zones.A[name] = []string{fmt.Sprintf("192.0.2.%d", i+1)}
		w.hosts[fmt.Sprintf("192.0.2.%d:25", i+1)] = &fakeHost{name: name, extensions: []string{"PIPELINING"}, takes: 100 * time.Millisecond}
	}
	w.state.Store("well")
	w.resolver = dnstest.New(zones)
	return w
}

// Dial reaches the hosts; the sick one only if it is well.
func (w *ward) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr != "192.0.2.1:25" {
		return w.world.Dial(ctx, network, addr)
	}
	w.dials.Add(1)
	switch w.state.Load() {
	case "refuses":
		return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("connection refused")}
	case "stalls":
		client, _ := net.Pipe() // which nobody ever answers
		return client, nil
	}
	return w.world.Dial(ctx, network, addr)
}

// A sample is how the ward stands at a time.
type sample struct {
	at                  time.Duration
	state               string
	sickWaits, sickDone int
	wellWaits, wellDone int
	dials               int64
}

func (w *ward) sample(began time.Time) sample {
	s := sample{at: time.Since(began), state: w.state.Load().(string), dials: w.dials.Load()}
	for i := range wellHosts + 1 {
		done := len(w.host(fmt.Sprintf("mx%d.test", i)).received())
		if i == 0 {
			s.sickDone, s.sickWaits = done, w.sent-done
			continue
		}
		s.wellDone += done
		s.wellWaits = max(s.wellWaits, w.sent-done)
	}
	return s
}

func table(samples []sample) string {
	var b strings.Builder
	b.WriteString("| time | the sick one | waiting for it | it has got | connections to it | ten others have got | most waiting for one of them |\n")
	b.WriteString("|---:|---|---:|---:|---:|---:|---:|\n")
	for _, s := range samples {
		fmt.Fprintf(&b, "| %v | %s | %d | %d | %d | %d | %d |\n", s.at, s.state, s.sickWaits, s.sickDone, s.dials, s.wellDone, s.wellWaits)
	}
	return b.String()
}

// TestOneSickDestination shows a destination that refuses connections, stalls
// and recovers, and ten others that must not notice. With -v it prints the
// table of docs/sending.md.
func TestOneSickDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		tr := NewSMTP(SMTPOptions{
			Resolver: w.resolver, Dial: w.Dial, Hostname: domain(t, "mail.example.test"),
			Timeouts: smtpclient.Timeouts{Greeting: time.Minute},
		})
		var stop func()
		w.runner, stop = w.house.run(Options{Transport: tr})
		began := time.Now()
		var samples []sample
		for second := range 600 {
			switch second {
			case 60:
				w.state.Store("refuses")
				w.host("mx0.test").drop()
			case 180:
				w.state.Store("stalls")
			case 300:
				w.state.Store("well")
			}
			if second < 480 {
				w.send(3)
			}
			time.Sleep(time.Second)
			if (second+1)%30 == 0 {
				samples = append(samples, w.sample(began))
			}
		}
		stop()
		tr.Close()
		w.serving.Wait()
		t.Log("\n" + table(samples))
		w.check(t, samples)
	})
}

// send queues messages for each destination.
func (w *ward) send(n int) {
	for range n {
		for i := range wellHosts + 1 {
			w.house.send("alice@example.test", fmt.Sprintf("x@d%d.test", i))
		}
	}
	w.sent += n
	w.runner.Notify()
}

func (w *ward) check(t *testing.T, samples []sample) {
	var before sample
	for _, s := range samples {
		if s.wellWaits > 10 {
			t.Errorf("at %v %d wait for a destination that is well", s.at, s.wellWaits)
		}
		if s.state != "well" && s.dials-before.dials > 4 {
			t.Errorf("at %v %d connections to one that is not, in 30 seconds", s.at, s.dials-before.dials)
		}
		before = s
	}
	last := samples[len(samples)-1]
	if last.sickWaits != 0 || last.sickDone != w.sent || last.wellDone != wellHosts*w.sent || w.house.left() != 0 {
		t.Errorf("at the end: %+v, %d left", last, w.house.left())
	}
	if n := len(w.house.noticed()); n != 0 {
		t.Errorf("%d notices", n)
	}
}

// drop closes all connections of a host.
func (h *fakeHost) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.open {
		c.Close()
	}
}
