// Package report says what a run has measured, as Markdown.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/graph"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/measured"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/pages"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
)

// Report is what a run has measured.
type Report struct {
	cfg    script.Config
	edges  int
	deep   int
	phases []phase
	ran    []Ran
}

// phase is a mix at a rate, with the results of the sides.
type phase struct {
	mix     script.Mix
	rate    float64
	results []*measured.Result
}

// Ran is a side that ran.
type Ran struct {
	Name, About string
	Filled      time.Duration
	Wrong       pages.Wrong
}

// New returns a report that has nothing yet.
func New(cfg script.Config, g *graph.Graph) *Report {
	return &Report{cfg: cfg, edges: g.Edges(), deep: len(script.Deep(cfg, g))}
}

// AddPhase adds what was measured of the sides, in order, with a mix at a rate.
func (r *Report) AddPhase(mix script.Mix, rate float64, results []*measured.Result) {
	r.phases = append(r.phases, phase{mix, rate, results})
}

// AddRan adds a side that ran.
func (r *Report) AddRan(side Ran) { r.ran = append(r.ran, side) }

// Wrong returns the wrong pages of a side, by its name.
func (r *Report) Wrong(name string) pages.Wrong {
	for _, side := range r.ran {
		if side.Name == name {
			return side.Wrong
		}
	}
	return pages.Wrong{}
}

// Write writes the report as Markdown.
func (r *Report) Write(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d users (scale %v) with %d follows, %d posts of %d bytes, seed %d; a home feed keeps %d posts, and those of %d users are longer.\n\n",
		r.cfg.Users(), r.cfg.Scale, r.edges, r.cfg.Users()*r.cfg.Posts, r.cfg.Payload, r.cfg.Seed, r.cfg.Capacity, r.deep)
	fmt.Fprintf(&b, "Machine: %s.\n\n", machine())
	for _, side := range r.ran {
		fmt.Fprintf(&b, "- %s: %s; filled in %s\n", side.Name, side.About, rounded(side.Filled))
	}
	for _, p := range r.phases {
		fmt.Fprintf(&b, "\nMix %s at %v operations a second, %s for each side in %d turns:\n\n", p.mix.Name, p.rate, r.cfg.Time, r.cfg.Turns)
		r.table(&b, rowsOf(p))
	}
	fmt.Fprint(&b, "\nPages of home feeds and of authors at the end, against SQL:\n\n")
	r.table(&b, r.verdicts())
	_, err := io.WriteString(out, b.String())
	return err
}

// row is a line of a table: what it is about, and a text for each side.
type row struct {
	about string
	cells []string
}

func (r *Report) table(b *strings.Builder, rows []row) {
	b.WriteString("|  |")
	for _, side := range r.ran {
		fmt.Fprintf(b, " %s |", side.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(r.ran)) + "\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", row.about, strings.Join(row.cells, " | "))
	}
}

func rowsOf(p phase) []row {
	rows := make([]row, len(measures))
	for i, m := range measures {
		rows[i].about = m.about
		for _, result := range p.results {
			rows[i].cells = append(rows[i].cells, m.of(result))
		}
	}
	return rows
}

// measures are the lines of a table.
var measures = []struct {
	about string
	of    func(r *measured.Result) string
}{
	{"home, p50 / p99", func(r *measured.Result) string { return percentiles(&r.Home) }},
	{"an author's page", func(r *measured.Result) string { return percentiles(&r.Author) }},
	{"home, further pages", func(r *measured.Result) string { return percentiles(&r.Further) }},
	{"home, past the end", func(r *measured.Result) string { return percentiles(&r.Past) }},
	{"commit of a post until visible", func(r *measured.Result) string { return percentiles(&r.Visible) }},
	{"posts not visible within a minute", func(r *measured.Result) string { return fmt.Sprint(r.Unseen) }},
	{"a change until its commit", func(r *measured.Result) string { return percentiles(&r.Write) }},
	{"store writes a change", func(r *measured.Result) string { return fmt.Sprintf("%.1f", per(r.Written.Writes, r)) }},
	{"store bytes a change", func(r *measured.Result) string { return fmt.Sprintf("%.0f", per(r.Written.Bytes, r)) }},
	{"Postgres' log, bytes a change", func(r *measured.Result) string { return fmt.Sprintf("%.0f", per(r.WAL, r)) }},
	{"operations began late by", func(r *measured.Result) string { return percentiles(&r.Started) }},
	{"the last ended late by", func(r *measured.Result) string { return rounded(r.Late) }},
}

func per(what int64, r *measured.Result) float64 { return float64(what) / float64(max(1, r.Changes)) }

func percentiles(l *measured.Latencies) string {
	if l.Count() == 0 {
		return "none"
	}
	return rounded(l.Percentile(50)) + " / " + rounded(l.Percentile(99))
}

// rounded returns a duration to two or three digits.
func rounded(d time.Duration) string {
	unit := time.Duration(1)
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

func (r *Report) verdicts() []row {
	rows := []row{{about: "pages"}, {about: "**wrong pages**"}, {about: "posts missing"}, {about: "extra"}, {about: "out of order"}, {about: "stale"}}
	for _, side := range r.ran {
		w := side.Wrong
		for i, n := range []int{w.Pages, w.Wrong, w.Missing, w.Extra, w.Disordered, w.Stale} {
			rows[i].cells = append(rows[i].cells, fmt.Sprint(n))
		}
	}
	return rows
}
