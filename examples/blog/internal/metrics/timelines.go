package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/timak-go/timak/timakgorm"
)

// timelines are the metrics of a plugin.
type timelines struct {
	stats func(context.Context) (timakgorm.Stats, error)
	all   []metric
}

// metric is one of the numbers of a plugin.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(timakgorm.Stats) float64
}

func newTimelines(stats func(context.Context) (timakgorm.Stats, error)) *timelines {
	t := &timelines{stats: stats}
	t.add("timak_waiting", "Changes that are not on the timelines yet, of all processes.", prometheus.GaugeValue, func(s timakgorm.Stats) float64 { return float64(s.Waiting) })
	t.add("timak_oldest_seconds", "Age of the oldest of these.", prometheus.GaugeValue, func(s timakgorm.Stats) float64 { return s.Oldest.Seconds() })
	t.add("timak_dead", "Changes that could not be applied.", prometheus.GaugeValue, func(s timakgorm.Stats) float64 { return float64(s.Dead) })
	t.add("timak_lost_seconds", "How long it is known that the store has lost timelines.", prometheus.GaugeValue, func(s timakgorm.Stats) float64 { return s.Lost.Seconds() })
	t.add("timak_applied_total", "Changes that this process has applied.", prometheus.CounterValue, func(s timakgorm.Stats) float64 { return float64(s.Applied) })
	t.add("timak_errors_total", "Rounds of the relay that failed, at least in part.", prometheus.CounterValue, func(s timakgorm.Stats) float64 { return float64(s.Errors) })
	t.add("timak_pages_total", "Pages of timelines that were read.", prometheus.CounterValue, func(s timakgorm.Stats) float64 { return float64(s.Pages) })
	t.add("timak_pages_beyond_total", "Of these, pages that needed the tables.", prometheus.CounterValue, func(s timakgorm.Stats) float64 { return float64(s.PagesBeyond) })
	t.add("timak_watches", "Watches of timelines that are open: pages that are told of new posts.", prometheus.GaugeValue, func(s timakgorm.Stats) float64 { return float64(s.Watches) })
	return t
}

func (t *timelines) add(name, help string, kind prometheus.ValueType, of func(timakgorm.Stats) float64) {
	t.all = append(t.all, metric{prometheus.NewDesc(name, help, nil, nil), kind, of})
}

// Describe sends what there is.
func (t *timelines) Describe(to chan<- *prometheus.Desc) {
	for _, m := range t.all {
		to <- m.desc
	}
}

// Collect sends the numbers as they are now. If the outbox cannot be read, all are invalid.
func (t *timelines) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	stats, err := t.stats(ctx)
	for _, m := range t.all {
		if err != nil {
			to <- prometheus.NewInvalidMetric(m.desc, err)
			continue
		}
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(stats))
	}
}
