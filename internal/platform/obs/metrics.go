package obs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// namespace begins the name of each metric.
const namespace = "mailstead"

// A Registry holds the metrics of one server.
type Registry struct {
	*prometheus.Registry
}

// NewRegistry returns a registry with the metrics of the process itself and
// the version that runs.
func NewRegistry(version string) *Registry {
	r := &Registry{prometheus.NewRegistry()}
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace:   namespace,
			Name:        "build_info",
			Help:        "Always 1; the version is in the label.",
			ConstLabels: prometheus.Labels{"version": version},
		}, func() float64 { return 1 }),
	)
	return r
}

// Subsystem returns a maker of metrics whose names begin with mailstead and the
// subsystem's name. A name that is registered twice is a programmer's mistake
// and panics.
func (r *Registry) Subsystem(name string) Subsystem { return Subsystem{r, name} }

// A Subsystem makes and registers the metrics of one part of the server.
type Subsystem struct {
	registry *Registry
	name     string
}

// Counter makes a metric that only rises. Its name should end in _total.
func (s Subsystem) Counter(name, help string) prometheus.Counter {
	return register(s, prometheus.NewCounter(prometheus.CounterOpts(s.options(name, help))))
}

// Counters makes a Counter for each combination of label values.
func (s Subsystem) Counters(name, help string, labels ...string) *prometheus.CounterVec {
	return register(s, prometheus.NewCounterVec(prometheus.CounterOpts(s.options(name, help)), labels))
}

// Gauge makes a metric that rises and falls.
func (s Subsystem) Gauge(name, help string) prometheus.Gauge {
	return register(s, prometheus.NewGauge(prometheus.GaugeOpts(s.options(name, help))))
}

// Gauges makes a Gauge for each combination of label values.
func (s Subsystem) Gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return register(s, prometheus.NewGaugeVec(prometheus.GaugeOpts(s.options(name, help)), labels))
}

// GaugeOf makes a metric that is asked for its value when it is read. The
// function must be quick and may be called concurrently.
func (s Subsystem) GaugeOf(name, help string, value func() float64) {
	register(s, prometheus.NewGaugeFunc(prometheus.GaugeOpts(s.options(name, help)), value))
}

// CounterOf is GaugeOf for a value that only rises.
func (s Subsystem) CounterOf(name, help string, value func() float64) {
	register(s, prometheus.NewCounterFunc(prometheus.CounterOpts(s.options(name, help)), value))
}

// Durations makes a histogram of seconds, from a millisecond to about two
// minutes. Its name should end in _seconds.
func (s Subsystem) Durations(name, help string) prometheus.Histogram {
	return s.histogram(name, help, prometheus.ExponentialBuckets(0.001, 2.5, 14))
}

// Sizes makes a histogram of octets, from 1 KB to 256 MB. Its name should end
// in _bytes.
func (s Subsystem) Sizes(name, help string) prometheus.Histogram {
	return s.histogram(name, help, prometheus.ExponentialBuckets(1<<10, 4, 10))
}

func (s Subsystem) histogram(name, help string, buckets []float64) prometheus.Histogram {
	return register(s, prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Subsystem: s.name, Name: name, Help: help, Buckets: buckets,
	}))
}

func (s Subsystem) options(name, help string) prometheus.Opts {
	return prometheus.Opts{Namespace: namespace, Subsystem: s.name, Name: name, Help: help}
}

func register[C prometheus.Collector](s Subsystem, c C) C {
	s.registry.MustRegister(c)
	return c
}
