package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed page.md
var text string

// page is the data of the template.
type page struct {
	Machine  machine
	Runs     int
	Figures  []figureRow
	Notes    []string
	Peers    []peerRow
	Captures []captureRow
	Backlogs []backlogRow
	Held     []heldRow
	Homes    []homeRow
	FanOuts  []fanOutRow
}

type figureRow struct {
	About, Target, Measured, Time, Baseline, Allocs, BaselineAllocs string
}

// peerRow is what each way to keep timelines takes for one thing; the columns are those of
// peers, and the first is the baseline's.
type peerRow struct {
	About string
	Cells []string
}

type captureRow struct{ About, Plain, Callbacks, Triggers string }

type backlogRow struct{ About, PerSecond, PerWrite string }

type homeRow struct{ About, Page, SQL, Faster string }

type fanOutRow struct{ About, PerSecond, Cost string }

// write writes the page for the given results.
func write(out io.Writer, all results, on machine) error {
	p := page{Machine: on}
	for _, f := range figures {
		got := all.spread(f.benchmark, f.unit)
		if got.runs == 0 {
			return fmt.Errorf("benchmark %s has not reported %s", f.benchmark, f.unit)
		}
		p.Runs = got.runs
		p.Figures = append(p.Figures, f.row(&all))
		if note := f.noteOf(&all); note != "" && !slices.Contains(p.Notes, note) {
			p.Notes = append(p.Notes, note)
		}
	}
	for _, name := range all.order {
		if step, ok := strings.CutPrefix(name, "peers/Peers/"); ok {
			p.Peers = addPeer(p.Peers, &all, name, step)
		}
		if step, ok := strings.CutPrefix(name, "endtoend/Capture/"); ok {
			p.Captures = append(p.Captures, captureOf(&all, name, step))
		}
		if step, ok := strings.CutPrefix(name, "endtoend/Backlog/"); ok {
			p.Backlogs = append(p.Backlogs, backlogOf(&all, name, step))
		}
		if step, ok := strings.CutPrefix(name, "endtoend/Held/"); ok {
			p.Held = append(p.Held, heldOf(&all, name, step))
		}
		if step, ok := strings.CutPrefix(name, "beyond/Home/"); ok {
			p.Homes = append(p.Homes, homeOf(&all, name, step))
		}
		if step, ok := strings.CutPrefix(name, "audience/FanOut/"); ok {
			p.FanOuts = append(p.FanOuts, fanOutOf(&all, name, step))
		}
	}
	if len(p.Peers) == 0 || len(p.Captures) == 0 || len(p.Backlogs) == 0 || len(p.Held) == 0 || len(p.Homes) == 0 || len(p.FanOuts) == 0 {
		return errors.New("no results of Peers, Capture, Backlog, Held, Home or FanOut: expected those of all benchmarks that make bench runs")
	}
	return template.Must(template.New("page").Parse(text)).Execute(out, p)
}

func (f figure) row(all *results) figureRow {
	got, allocs := all.spread(f.benchmark, f.unit), all.spread(f.benchmark, "allocs/op")
	row := figureRow{
		About: f.about, Target: f.goal(), Measured: f.format(got),
		Time:           duration(all.spread(f.benchmark, "ns/op")),
		Baseline:       duration(all.spread(f.benchmark, "baseline-ns/op")),
		Allocs:         count(allocs),
		BaselineAllocs: count(all.spread(f.benchmark, "baseline-allocs/op")),
	}
	if f.unit == "bytes/entry" {
		row.Baseline = fmt.Sprintf("%.0f B", all.spread(f.benchmark, "baseline-bytes/entry").median)
	}
	if f.missed(got.median, allocs.median) {
		row.Measured = "**" + row.Measured + "**"
	}
	return row
}

func (f figure) noteOf(all *results) string {
	if f.note == "" || !f.missed(all.spread(f.benchmark, f.unit).median, all.spread(f.benchmark, "allocs/op").median) {
		return ""
	}
	return f.note
}

// goal returns the target as text.
func (f figure) goal() string {
	if f.target == 0 {
		return ""
	}
	sign := "≤"
	if f.atLeast {
		sign = "≥"
	}
	goal := sign + " " + f.value(f.target)
	if f.allocs > 0 {
		goal += fmt.Sprintf(", ≤ %.0f allocations", f.allocs)
	}
	return goal
}

func (f figure) format(s spread) string {
	return fmt.Sprintf("%s (%s–%s)", f.value(s.median), f.value(s.least), f.value(s.most))
}

func (f figure) value(v float64) string {
	switch {
	case f.unit == "bytes/entry":
		return fmt.Sprintf("%.1f B", v)
	case v >= 10:
		return fmt.Sprintf("%.0f×", v)
	case v < 1:
		return fmt.Sprintf("%.3f×", v)
	default:
		return fmt.Sprintf("%.2f×", v)
	}
}

// addPeer adds the figure of one side to the row of what it did.
func addPeer(rows []peerRow, all *results, name, step string) []peerRow {
	cut := strings.LastIndex(step, "/")
	what := about(step[:cut])
	if len(rows) == 0 || rows[len(rows)-1].About != what {
		baseline := all.spread(name, "baseline-ns/op")
		if strings.Contains(what, "16 at once") { // each of them eight times
			baseline.median /= 16 * 8
		}
		rows = append(rows, peerRow{what, []string{duration(baseline)}})
	}
	row := &rows[len(rows)-1]
	row.Cells = append(row.Cells, ratio(all.spread(name, cost)))
	return rows
}

func captureOf(all *results, name, step string) captureRow {
	plain := all.spread(name, "µs/plain").median
	return captureRow{
		about(step), duration(spread{median: plain * 1000}), ratio(all.spread(name, "x-callbacks")), ratio(all.spread(name, "x-triggers")),
	}
}

func backlogOf(all *results, name, step string) backlogRow {
	rate := all.spread(name, "changes/s")
	return backlogRow{
		about(step), fmt.Sprintf("%.0f (%.0f–%.0f)", rate.median, rate.least, rate.most),
		fmt.Sprintf("%.0f", all.spread(name, "changes/write").median),
	}
}

func homeOf(all *results, name, step string) homeRow {
	took := func(unit string) string { return duration(spread{median: all.spread(name, unit).median * 1000}) }
	faster := all.spread(name, speedup)
	return homeRow{about(step), took("µs/page"), took("µs/sql"), ratio(faster)}
}

func fanOutOf(all *results, name, step string) fanOutRow {
	rate := all.spread(name, "followers/s")
	return fanOutRow{
		about(step), fmt.Sprintf("%.0f (%.0f–%.0f)", rate.median, rate.least, rate.most), ratio(all.spread(name, cost)),
	}
}

func ratio(s spread) string { return fmt.Sprintf("%.2f× (%.2f–%.2f)", s.median, s.least, s.most) }

// about turns a benchmark's name into words.
func about(name string) string {
	return strings.NewReplacer("_", " ", "/", ", ").Replace(name)
}

func duration(s spread) string {
	d := time.Duration(s.median)
	switch {
	case d == 0:
		return ""
	case d < 100*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	case d < 100*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Millisecond).String()
	}
}

func count(s spread) string {
	if s.runs == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", s.median)
}
