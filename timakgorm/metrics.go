package timakgorm

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// meterName is the instrumentation scope of the metrics.
const meterName = "github.com/timak-go/timak/timakgorm"

// meters creates observable instruments, remembers what each reads from Stats,
// and joins the errors.
type meters struct {
	metric.Meter

	instruments []metric.Observable
	observe     []func(metric.Observer, Stats)
	err         error
}

// number creates a counter of what this process has now.
func (m *meters) number(name, unit, about string, value func(Stats) int64) {
	g, err := m.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
	m.add(g, err, func(o metric.Observer, s Stats) { o.ObserveInt64(g, value(s)) })
}

// count creates a counter of what this process has done.
func (m *meters) count(name, unit, about string, value func(Stats) int64) {
	c, err := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
	m.add(c, err, func(o metric.Observer, s Stats) { o.ObserveInt64(c, value(s)) })
}

// gauge creates a gauge of the outbox.
func (m *meters) gauge(name, unit, about string, value func(Stats) float64) {
	g, err := m.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
	m.add(g, err, func(o metric.Observer, s Stats) { o.ObserveFloat64(g, value(s)) })
}

func (m *meters) add(instrument metric.Observable, err error, observe func(metric.Observer, Stats)) {
	m.err = errors.Join(m.err, err)
	m.instruments = append(m.instruments, instrument)
	m.observe = append(m.observe, observe)
}

// registerMetrics makes the meter read Stats whenever it collects. The counters
// of this process are reported even when the database does not answer.
func (p *Plugin) registerMetrics() error {
	if p.opts.MeterProvider == nil {
		return nil
	}
	counts := &meters{Meter: p.opts.MeterProvider.Meter(meterName)}
	counts.count("timak.relay.applied", "{change}", "Row changes applied to timelines.", func(s Stats) int64 { return s.Applied })
	counts.count("timak.relay.retried", "{change}", "Row changes postponed after a failed attempt.", func(s Stats) int64 { return s.Retried })
	counts.count("timak.relay.dead", "{change}", "Row changes that became dead letters.", func(s Stats) int64 { return s.Buried })
	counts.count("timak.relay.anew", "{change}", "Row changes that came too late and were recorded again.", func(s Stats) int64 { return s.Anew })
	counts.count("timak.relay.writes", "{write}", "Writes of timelines.", func(s Stats) int64 { return s.Writes })
	counts.count("timak.relay.ops", "{op}", "Puts and removals in the writes of timelines.", func(s Stats) int64 { return s.Ops })
	counts.count("timak.relay.errors", "{round}", "Rounds of the relay that failed.", func(s Stats) int64 { return s.Errors })
	counts.count("timak.commit.delivered", "{commit}", "Commits whose changes were readable when they returned.", func(s Stats) int64 { return s.Delivered })
	counts.count("timak.commit.left", "{commit}", "Commits that were left to the relay.", func(s Stats) int64 { return s.Left })
	counts.count("timak.store.losses", "{loss}", "Times that this process found that the store has lost timelines.", func(s Stats) int64 { return s.Losses })
	counts.count("timak.relay.healed", "{timeline}", "Times that a timeline with room got back from the tables what it lacked.", func(s Stats) int64 { return s.Healed })
	counts.count("timak.page.read", "{page}", "Pages read by Plugin.Page.", func(s Stats) int64 { return s.Pages })
	counts.count("timak.page.beyond", "{page}", "Pages for which the tables were asked.", func(s Stats) int64 { return s.PagesBeyond })
	counts.number("timak.watch.open", "{watch}", "Calls of Plugin.Watch that are open.", func(s Stats) int64 { return s.Watches })

	gauges := &meters{Meter: counts.Meter}
	gauges.gauge("timak.outbox.waiting", "{change}", "Row changes that wait to be applied.", func(s Stats) float64 { return float64(s.Waiting) })
	gauges.gauge("timak.outbox.oldest", "s", "Age of the oldest waiting row change.", func(s Stats) float64 { return s.Oldest.Seconds() })
	gauges.gauge("timak.outbox.dead", "{change}", "Dead letters.", func(s Stats) float64 { return float64(s.Dead) })
	gauges.gauge("timak.store.lost", "s", "Time since the store is known to lack timelines that it has lost; 0 if it does not.", func(s Stats) float64 { return s.Lost.Seconds() })

	return errors.Join(
		counts.register(func(context.Context) (Stats, error) { return p.counted(), nil }),
		gauges.register(p.Stats),
	)
}

func (m *meters) register(stats func(context.Context) (Stats, error)) error {
	if m.err != nil {
		return fmt.Errorf("timakgorm: metrics: %w", m.err)
	}
	_, err := m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		s, err := stats(ctx)
		if err != nil {
			return err
		}
		for _, observe := range m.observe {
			observe(o, s)
		}
		return nil
	}, m.instruments...)
	if err != nil {
		return fmt.Errorf("timakgorm: metrics: %w", err)
	}
	return nil
}
