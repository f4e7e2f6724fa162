package outbound

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/wiretest"
)

// deliver sends the letter to recipients at the destination of the first, and
// writes the results as "kind code text".
func deliver(t *testing.T, tr *SMTP, change func(*queue.Message), to ...string) []string {
	t.Helper()
	h := newHouse(t)
	id := h.send("alice@example.test", to...)
	m, recipients, err := h.queue.Show(id)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&m)
	}
	content, err := openContent(h.store, m)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	results := tr.Deliver(t.Context(), Parcel{Message: m, Destination: recipients[0].Destination, Recipients: recipients, Content: content})
	lines := make([]string, len(results))
	for i, r := range results {
		lines[i] = fmt.Sprintf("%v %v %s %s", r.Kind, r.Code, r.Remote, r.Text)
	}
	return lines
}

// in runs a test in a world of its own, without real time.
func in(t *testing.T, o SMTPOptions, test func(t *testing.T, w *world, tr *SMTP)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tr := w.transport(o)
		test(t, w, tr)
		tr.Close()
		w.serving.Wait()
	})
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// on makes a reply function that answers commands with a prefix.
func on(pairs ...string) func(string) string {
	return func(line string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.HasPrefix(line, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

const taken = "accepted 2.0.0 a.test 250 2.0.0 taken"

func TestDeliverToBestHost(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		expect(t, deliver(t, tr, nil, "x@one.test", "y@one.test"), taken, taken)
		got := w.host("a.test").received()
		if len(got) != 1 || got[0].from != "alice@example.test" || strings.Join(got[0].to, " ") != "x@one.test y@one.test" || got[0].text != "Received: by us\r\n"+letter {
			t.Errorf("received %+v", got)
		}
		if w.tried() != "a.test" {
			t.Errorf("tried %s", w.tried())
		}
	})
}

func TestDeliverByChunks(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		w.host("a.test").extensions = []string{"PIPELINING", "CHUNKING", "SIZE 1000"}
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		heard := w.host("a.test").heard()
		if got := w.host("a.test").received(); len(got) != 1 || got[0].text != "Received: by us\r\n"+letter {
			t.Errorf("received %+v", got)
		}
		if !strings.Contains(heard, "BDAT ") || strings.Contains(heard, "DATA") && !strings.Contains(heard, "BDAT") || !strings.Contains(heard, "SIZE=") {
			t.Errorf("heard\n%s", heard)
		}
	})
}

func TestNextHost(t *testing.T) {
	tests := map[string]struct {
		first func(w *world, a *fakeHost)
		want  string // tried
	}{
		"is down":          {func(w *world, a *fakeHost) { w.remove("a.test") }, "192.0.2.1:25 b.test"},
		"greets with 421":  {func(_ *world, a *fakeHost) { a.greeting = "421 4.3.2 busy" }, "a.test b.test"},
		"greets with 554":  {func(_ *world, a *fakeHost) { a.greeting = "554 5.3.2 no service" }, "a.test b.test"},
		"closes in RCPT":   {func(_ *world, a *fakeHost) { a.reply = on("RCPT", "drop") }, "a.test b.test"},
		"says 421 in MAIL": {func(_ *world, a *fakeHost) { a.reply = on("MAIL", "421 4.3.2 going down") }, "a.test b.test"},
		"has no address":   {func(w *world, _ *fakeHost) { w.resolver.Update(func(z *dnstest.Zones) { delete(z.A, "a.test") }) }, "b.test"},
		"address not known": {func(w *world, _ *fakeHost) {
			w.resolver.Update(func(z *dnstest.Zones) { z.Fail = map[string]dnstest.Failure{"a.test": dnstest.ServFail} })
		}, "b.test"},
		"is ourselves": {func(w *world, _ *fakeHost) {
			w.resolver.Update(func(z *dnstest.Zones) { z.A["a.test"] = []string{"127.0.0.1"} })
		}, "b.test"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
				tt.first(w, w.host("a.test"))
				expect(t, deliver(t, tr, nil, "x@one.test"), "accepted 2.0.0 b.test 250 2.0.0 taken")
				if w.tried() != tt.want {
					t.Errorf("tried %s, want %s", w.tried(), tt.want)
				}
			})
		})
	}
}

func TestNoNextHost(t *testing.T) {
	tests := map[string]struct {
		reply func(string) string
		want  string
	}{
		"user is not known": {on("RCPT", "550 5.1.1 who?"), "permanent 5.1.1 a.test 550 5.1.1 who?"},
		"greylisted":        {on("RCPT", "451 4.7.1 later"), "temporary 4.7.1 a.test 451 4.7.1 later"},
		"sender refused":    {on("MAIL", "550 5.7.1 not you"), "permanent 5.7.1 a.test 550 5.7.1 not you"},
		"message refused":   {on(".", "554 5.6.0 spam"), "permanent 5.6.0 a.test 554 5.6.0 spam"},
		"message deferred":  {on(".", "452 4.3.1 full"), "temporary 4.3.1 a.test 452 4.3.1 full"},
		"DATA refused":      {on("DATA", "554 no"), "permanent 5.0.0 a.test 554 no"},
		"wrong class":       {on("RCPT", "550 4.1.1 who?"), "permanent 5.0.0 a.test 550 4.1.1 who?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
				w.host("a.test").reply = tt.reply
				expect(t, deliver(t, tr, nil, "x@one.test"), tt.want)
				if w.tried() != "a.test" || len(w.host("b.test").received()) != 0 {
					t.Errorf("tried %s", w.tried())
				}
			})
		})
	}
}

func TestLostAfterTheDotIsTemporary(t *testing.T) {
	for _, extensions := range [][]string{{"PIPELINING"}, {"CHUNKING"}, nil} {
		in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
			a := w.host("a.test")
			a.extensions, a.reply = extensions, on(".", "drop")
			got := deliver(t, tr, nil, "x@one.test")
			if len(got) != 1 || !strings.HasPrefix(got[0], "temporary 4.4.2 ") || w.tried() != "a.test" {
				t.Errorf("%v, tried %s", got, w.tried())
			}
		})
	}
}

func TestSomeRecipients(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		w.host("a.test").reply = on("RCPT TO:<bad@", "550 5.1.1 who?", "RCPT TO:<slow@", "450 4.2.1 later")
		expect(t, deliver(t, tr, nil, "bad@one.test", "good@one.test", "slow@one.test", "fine@one.test"),
			"permanent 5.1.1 a.test 550 5.1.1 who?", taken, "temporary 4.2.1 a.test 450 4.2.1 later", taken)
		got := w.host("a.test").received()
		if len(got) != 1 || strings.Join(got[0].to, " ") != "good@one.test fine@one.test" {
			t.Errorf("received %+v", got)
		}
	})
}

func TestNobodyToReach(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		w.remove("a.test")
		expect(t, deliver(t, tr, nil, "x@two.test"), "temporary 4.4.1  The host a.test could not be reached.")
		w.resolver.Update(func(z *dnstest.Zones) {
			z.MX["null.test"] = mx(0, ".")
			z.MX["nowhere.test"] = mx(10, "gone.test")
			z.MX["inside.test"] = mx(10, "local.test")
			z.A["local.test"] = []string{"127.0.0.1"}
		})
		expect(t, deliver(t, tr, nil, "x@null.test"), "permanent 5.1.10  The domain null.test accepts no mail.")
		expect(t, deliver(t, tr, nil, "x@nowhere.test"), "permanent 5.4.4  None of the hosts that take mail for nowhere.test has an address.")
		expect(t, deliver(t, tr, nil, "x@inside.test"), "permanent 5.4.4  The address 127.0.0.1 is not one that mail can be sent to.")
		expect(t, deliver(t, tr, nil, "x@missing.test"), "permanent 5.1.2  The domain missing.test does not exist.")
	})
}

func TestBoundedAddresses(t *testing.T) {
	in(t, SMTPOptions{MaxAddresses: 3}, func(t *testing.T, w *world, tr *SMTP) {
		w.resolver.Update(func(z *dnstest.Zones) {
			z.MX["wide.test"] = []dns.MX{{Host: "wide.test"}}
			z.A["wide.test"] = []string{"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15"}
		})
		expect(t, deliver(t, tr, nil, "x@wide.test"), "temporary 4.4.1  The host wide.test could not be reached.")
		if n := len(strings.Fields(w.tried())); n != 3 {
			t.Errorf("%d addresses tried", n)
		}
	})
}

func TestOpportunisticTLS(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		a.tls, _ = wiretest.TLS(t) // for another name, and signed by nobody
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		if got := a.received(); len(got) != 1 || !got[0].tls {
			t.Errorf("received %+v", got)
		}
	})
}

func TestBrokenTLSIsDoneWithout(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		a.tls, _ = wiretest.TLS(t)
		a.brokenTLS = true
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		if got := a.received(); len(got) != 1 || got[0].tls || w.tried() != "a.test a.test" {
			t.Errorf("received %+v, tried %s", got, w.tried())
		}
	})
}

func TestRequireTLS(t *testing.T) {
	in(t, SMTPOptions{RequireTLS: true}, func(t *testing.T, w *world, tr *SMTP) {
		for _, r := range deliver(t, tr, nil, "x@one.test") {
			if !strings.HasPrefix(r, "temporary 4.7.") {
				t.Errorf("without TLS: %s", r)
			}
		}
		if got := w.host("a.test").received(); len(got) != 0 {
			t.Errorf("sent in the clear: %+v", got)
		}
		a := w.host("a.test")
		a.tls, _ = wiretest.TLS(t)
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		if got := a.received(); len(got) != 1 || !got[0].tls {
			t.Errorf("received %+v", got)
		}
	})
}

func TestConnectionIsUsedAgain(t *testing.T) {
	in(t, SMTPOptions{IdleTimeout: 10 * time.Second, MaxUses: 3}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		for range 4 {
			expect(t, deliver(t, tr, nil, "x@one.test"), taken)
			time.Sleep(5 * time.Second)
		}
		expect(t, deliver(t, tr, nil, "x@two.test"), taken) // other domain, same host
		if conns, _, quits := a.served(); conns != 2 || quits != 1 {
			t.Errorf("%d connections, %d ended, after 3 + 2 messages", conns, quits)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if _, _, quits := a.served(); quits != 2 {
			t.Errorf("%d ended after the idle time", quits)
		}
	})
}

func TestConnectionAfterRefusalIsUsedAgain(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		a.reply = on("RCPT TO:<bad", "550 5.1.1 who?")
		expect(t, deliver(t, tr, nil, "bad@one.test"), "permanent 5.1.1 a.test 550 5.1.1 who?")
		expect(t, deliver(t, tr, nil, "good@one.test"), taken)
		if conns, _, _ := a.served(); conns != 1 {
			t.Errorf("%d connections", conns)
		}
	})
}

func TestStaleConnectionIsReplaced(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		mails := 0
		w.host("a.test").reply = func(line string) string {
			if strings.HasPrefix(line, "MAIL") {
				if mails++; mails == 1 {
					return "drop" // the server has lost patience meanwhile
				}
			}
			return ""
		}
		expect(t, deliver(t, tr, nil, "x@one.test"), taken)
		if w.tried() != "a.test a.test" {
			t.Errorf("tried %s", w.tried())
		}
	})
}

func TestEnvelopeParameters(t *testing.T) {
	change := func(m *queue.Message) {
		m.Options = smtp.MailOptions{Body: smtp.Body8BitMIME, EnvelopeID: "id", Return: smtp.ReturnHeaders}
	}
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		a.extensions = []string{"DSN", "8BITMIME"}
		expect(t, deliver(t, tr, change, "x@one.test"), taken)
		if heard := a.heard(); !strings.Contains(heard, " BODY=8BITMIME") || !strings.Contains(heard, " ENVID=id") || !strings.Contains(heard, "RET=HDRS") {
			t.Errorf("heard\n%s", heard)
		}
	})
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		a := w.host("a.test")
		a.extensions = nil
		expect(t, deliver(t, tr, change, "x@one.test"), taken)
		if heard := a.heard(); !strings.Contains(heard, "MAIL FROM:<alice@example.test>\n") {
			t.Errorf("heard\n%s", heard)
		}
	})
}

func TestSMTPUTF8IsNeeded(t *testing.T) {
	change := func(m *queue.Message) { m.Options.SMTPUTF8 = true }
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		expect(t, deliver(t, tr, change, "x@one.test"),
			"permanent 5.6.7  The next server does not take internationalized mail (SMTPUTF8).")
	})
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		w.host("a.test").extensions = []string{"SMTPUTF8", "8BITMIME"}
		expect(t, deliver(t, tr, change, "ünï@one.test"), taken)
		if heard := w.host("a.test").heard(); !strings.Contains(heard, " SMTPUTF8") || !strings.Contains(heard, "<ünï@one.test>") {
			t.Errorf("heard\n%s", heard)
		}
	})
}

func TestTooManyRecipientsIsTemporary(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		w.host("a.test").reply = on("RCPT TO:<y", "552 too many", "RCPT TO:<z", "552 5.2.2 mailbox full")
		expect(t, deliver(t, tr, nil, "x@one.test", "y@one.test", "z@one.test"),
			taken, "temporary 4.5.0 a.test 552 too many", "permanent 5.2.2 a.test 552 5.2.2 mailbox full")
	})
}

func TestInterruptedDelivery(t *testing.T) {
	in(t, SMTPOptions{}, func(t *testing.T, w *world, tr *SMTP) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		a := w.host("a.test")
		a.reply = func(line string) string {
			if strings.HasPrefix(line, "MAIL") {
				time.Sleep(2 * time.Minute)
			}
			return ""
		}
		h := newHouse(t)
		m, recipients, err := h.queue.Show(h.send("alice@example.test", "x@one.test"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := openContent(h.store, m)
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		began := time.Now()
		results := tr.Deliver(ctx, Parcel{Message: m, Destination: recipients[0].Destination, Recipients: recipients, Content: content})
		if took := time.Since(began); took != time.Minute || results[0].Kind != Temporary || results[0].Text != "The delivery was interrupted." {
			t.Errorf("after %v: %+v", took, results)
		}
	})
}
