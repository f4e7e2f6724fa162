package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/obs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// counters are the metrics of what the server does.
type counters struct {
	logins   *prometheus.CounterVec
	local    prometheus.Counter
	queued   prometheus.Counter
	replies  *prometheus.CounterVec
	limited  *prometheus.CounterVec
	attempts *prometheus.CounterVec
	took     prometheus.Histogram
	verdicts *prometheus.CounterVec
	inFlight prometheus.Gauge
	reported *prometheus.CounterVec
}

func newCounters(r *obs.Registry) counters {
	login, delivery, smtp, out := r.Subsystem("login"), r.Subsystem("delivery"), r.Subsystem("smtp"), r.Subsystem("outbound")
	return counters{
		logins:   login.Counters("attempts_total", "Attempts to log in.", "result"),
		local:    delivery.Counter("local_total", "Messages put into local mailboxes, one for each recipient."),
		queued:   delivery.Counter("queued_total", "Recipients put into the queue."),
		replies:  smtp.Counters("replies_total", "Replies of the SMTP server.", "mode", "verb", "code"),
		limited:  smtp.Counters("limited_total", "Limits that a client has reached.", "mode", "limit"),
		attempts: out.Counters("attempts_total", "Attempts to deliver to a recipient elsewhere.", "result"),
		took:     out.Durations("attempt_seconds", "How long an attempt took."),
		verdicts: out.Counters("verdicts_total", "What became of recipients after an attempt.", "verdict"),
		inFlight: out.Gauge("in_flight", "Deliveries under way."),
		reported: smtp.Counters("tls_reported_sessions_total", "TLS sessions with us, as other domains report them.", "result"),
	}
}

func (c *counters) login(result string) { c.logins.WithLabelValues(result).Inc() }

func (c *counters) delivered(local, queued int) {
	c.local.Add(float64(local))
	c.queued.Add(float64(queued))
}

// smtpCounters are the metrics of one mode of the SMTP server.
type smtpCounters struct {
	*counters
	mode string
}

func (c *counters) smtp(mode smtpserver.Mode) smtpserver.Metrics {
	return smtpCounters{c, mode.String()}
}

func (c smtpCounters) Replied(verb string, code int) {
	c.replies.WithLabelValues(c.mode, verb, strconv.Itoa(code)).Inc()
}

func (c smtpCounters) Limited(limit string) { c.limited.WithLabelValues(c.mode, limit).Inc() }

// outboundCounters are the metrics of the queue's runner.
type outboundCounters struct{ *counters }

func (c *counters) outbound() outbound.Metrics { return outboundCounters{c} }

func (c outboundCounters) Attempted(r outbound.Result, took time.Duration) {
	c.attempts.WithLabelValues(r.Kind.String()).Inc()
	c.took.Observe(took.Seconds())
}

func (c outboundCounters) Judged(v outbound.Verdict) {
	c.verdicts.WithLabelValues(outcomeName(v.Outcome)).Inc()
}

func (c outboundCounters) InFlight(parcels int) { c.inFlight.Set(float64(parcels)) }

// observeStore makes metrics of the store's figures.
func observeStore(r *obs.Registry, stats func() storage.Stats) {
	sub := r.Subsystem("store")
	sub.CounterOf("commits_total", "Batches made durable.", func() float64 { return float64(stats().Commits) })
	sub.CounterOf("groups_total", "Groups of batches made durable together.", func() float64 { return float64(stats().Groups) })
	sub.CounterOf("syncs_total", "Syncs of the disk for commits.", func() float64 { return float64(stats().Syncs) })
	sub.CounterOf("conflicts_total", "Batches whose assertions failed.", func() float64 { return float64(stats().Conflicts) })
	sub.CounterOf("damaged_reads_total", "Attempts to read stored messages that are damaged.", func() float64 { return float64(stats().DamagedReads) })
	sub.GaugeOf("damaged_blobs", "Stored messages that were damaged when they were last read; the log names them.", func() float64 { return float64(stats().DamagedBlobs) })
	sub.GaugeOf("key_bytes", "Bytes on disk of keys and values.", func() float64 { return float64(stats().KeyBytes) })
	sub.GaugeOf("blob_bytes", "Bytes on disk of blobs, garbage included.", func() float64 { return float64(stats().BlobBytes) })
	sub.GaugeOf("blob_garbage_bytes", "Bytes on disk of deleted blobs.", func() float64 { return float64(stats().BlobGarbage) })
}

// observeColumns makes metrics of what is in memory for searches.
func observeColumns(r *obs.Registry, stats func() columns.Stats) {
	sub := r.Subsystem("search")
	sub.GaugeOf("columns", "Columns of mailboxes in memory.", func() float64 { return float64(stats().Columns) })
	sub.GaugeOf("column_bytes", "Memory of columns, at most limits.search-memory.", func() float64 { return float64(stats().Octets) })
}

func outcomeName(k queue.OutcomeKind) string {
	switch k {
	case queue.Delivered:
		return "delivered"
	case queue.Failed:
		return "failed"
	case queue.Deferred:
		return "deferred"
	}
	return "released"
}
