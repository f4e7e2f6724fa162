package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/model/journal"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := time.Now().UTC().Truncate(time.Millisecond)
	one := journal.Event{
		Time: at, Kind: journal.Received, MessageID: "a+b/c@x.test", Transaction: "TX", Queue: "q", Sender: ann, Size: 10,
		Peer:       journal.Peer{Name: "client", Address: "192.0.2.1:5", TLS: "TLS 1.3"},
		Recipients: []journal.Recipient{{Address: "x@far.test", Outcome: journal.Queued}},
	}
	two := journal.Event{
		Time: at.Add(time.Second), Kind: journal.Attempt, Queue: "q", Took: time.Second,
		Recipients: []journal.Recipient{{Address: "x@far.test", Outcome: journal.Deferred, Reply: "450 later", Next: at.Add(time.Hour)}},
	}
	o.journal.Record(one)
	o.journal.Record(two)
	for _, name := range []string{"<a+b/c@x.test>", "tx", "q", "x@FAR.test", ann} {
		got, err := o.Trace(t.Context(), name, 1)
		if diff := cmp.Diff([]journal.Journey{{one, two}}, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if got, err := o.Trace(t.Context(), "nobody", 1); len(got) != 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, limit := range []int{0, -1, admin.MaxTraces + 1} {
		if _, err := o.Trace(t.Context(), ann, limit); err == nil || !strings.Contains(err.Error(), "limit") {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}
