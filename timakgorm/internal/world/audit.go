package world

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// WantDates drains and compares the dates of a timeline's items.
func (w *World) WantDates(key string, want ...string) {
	w.Helper()
	w.Drain()
	timeline, err := w.Timelines.Get(w.Context(), key)
	w.Must(err)
	var got []string
	for _, item := range timeline.Items() {
		got = append(got, item.ID+" "+item.At.UTC().Format(time.RFC3339Nano))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("timeline %q (-want +got)\n%s", key, diff)
	}
}

// WantData drains and compares the data of a timeline's items.
func (w *World) WantData(key string, want ...string) {
	w.Helper()
	w.Drain()
	timeline, err := w.Timelines.Get(w.Context(), key)
	w.Must(err)
	var got []string
	for _, item := range timeline.Items() {
		got = append(got, string(item.Data))
	}
	if diff := cmp.Diff(want, got); diff != "" || w.Dead() > 0 {
		w.Errorf("timeline %q (-want +got), with %d dead letters\n%s", key, w.Dead(), diff)
	}
}

// Verify returns the lines of the differences found.
func (w *World) Verify(opts timakgorm.VerifyOptions) ([]string, timakgorm.Report) {
	w.Helper()
	report, err := w.Plugin.Verify(w.Context(), opts)
	w.Must(err)
	return LinesOf(report), report
}

// LinesOf returns the differences of a report as sorted lines.
func LinesOf(report timakgorm.Report) []string {
	var lines []string
	for _, d := range report.Differences {
		lines = append(lines, d.String())
	}
	slices.Sort(lines)
	return lines
}

// WantDifferences verifies and compares what is found, by the words that its
// lines begin with.
func (w *World) WantDifferences(want ...string) {
	w.Helper()
	got, report := w.Verify(timakgorm.VerifyOptions{Limit: 10000})
	if report.Found() != len(want) || report.Unsettled > 0 || report.Remaining != len(want) || report.Clean() != (len(want) == 0) {
		w.Errorf("got %d found, %d remaining, %d unsettled; want %d found", report.Found(), report.Remaining, report.Unsettled, len(want))
	}
	slices.Sort(want)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		w.Errorf("got differences\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// Apply changes a timeline by hand.
func (w *World) Apply(key string, ops ...timak.Op) {
	w.Helper()
	_, err := w.Timelines.Apply(w.Context(), key, ops...)
	w.Must(err)
}
