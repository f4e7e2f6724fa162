package listener

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what happens at listeners, each under its name.
type Metrics struct {
	accepted     *prometheus.CounterVec
	refused      *prometheus.CounterVec
	acceptErrors *prometheus.CounterVec
	panics       *prometheus.CounterVec
	active       *prometheus.GaugeVec
}

// NewMetrics registers the metrics of all listeners of a server.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := newMetrics()
	registry.MustRegister(m.accepted, m.refused, m.acceptErrors, m.panics, m.active)
	return m
}

func newMetrics() *Metrics {
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		o := prometheus.CounterOpts{Namespace: "mailstead", Subsystem: "listener", Name: name, Help: help}
		return prometheus.NewCounterVec(o, append([]string{"listener"}, more...))
	}
	return &Metrics{
		accepted:     counter("connections_total", "Connections that were let in."),
		refused:      counter("refused_total", "Connections that were closed before the handler saw them.", "reason"),
		acceptErrors: counter("accept_errors_total", "Errors of accepting connections."),
		panics:       counter("panics_total", "Connections that ended by a panic."),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "mailstead", Subsystem: "listener", Name: "active",
			Help: "Connections that are open.",
		}, []string{"listener"}),
	}
}

// counters are the metrics of one listener.
type counters struct {
	accepted, acceptErrors, panics prometheus.Counter
	active                         prometheus.Gauge
	refused                        func(reason string) prometheus.Counter
}

// of returns the metrics of one listener; those of nil are counted nowhere.
func (m *Metrics) of(name string) counters {
	if m == nil {
		m = newMetrics()
	}
	return counters{
		accepted:     m.accepted.WithLabelValues(name),
		acceptErrors: m.acceptErrors.WithLabelValues(name),
		panics:       m.panics.WithLabelValues(name),
		active:       m.active.WithLabelValues(name),
		refused: func(reason string) prometheus.Counter {
			return m.refused.WithLabelValues(name, reason)
		},
	}
}
