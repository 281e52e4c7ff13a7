package audit

import (
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Report is what a run has found; timakgorm.Report describes its fields.
type Report struct {
	Keys int
	Rows int64

	Missing, Extra, Misplaced, Stale, Damaged, Unplaceable int

	Remaining, Unsettled int
	Differences          []Difference
	From                 string
}

// found returns the number of differences.
func (r *Report) found() int {
	return r.Missing + r.Extra + r.Misplaced + r.Stale + r.Damaged + r.Unplaceable
}

// note adds the differences of a finding to the report, without the unsettled ones and
// those in known, and adds their places to known.
func (v *verification) note(f *finding, known map[model.Place]bool) {
	for _, d := range f.differences() {
		at := model.Place{Key: d.Key, ID: d.ID, Source: d.Source}
		if known[at] || d.Unsettled {
			continue
		}
		known[at] = true
		*v.report.count(d.Kind)++
		v.keep(d)
	}
}

// noteUnplaceable adds the unplaceable rows to the report.
func (v *verification) noteUnplaceable(found []*finding) {
	for _, f := range found {
		v.report.Unplaceable += f.unplaceable.count
		for _, d := range f.unplaceable.kept {
			v.keep(d)
		}
	}
}

// remain adds to the report the differences that are left, and the unsettled ones.
func (v *verification) remain(found []*finding) {
	for _, f := range found {
		v.report.Remaining += f.unplaceable.count
		for _, d := range f.differences() {
			if !d.Unsettled {
				v.report.Remaining++
				continue
			}
			v.report.Unsettled++
			v.keep(d)
		}
	}
}

// keep adds a difference to the report up to the limit.
func (v *verification) keep(d Difference) {
	if len(v.report.Differences) < v.opts.Limit {
		v.report.Differences = append(v.report.Differences, d)
	}
}

// count returns the counter of a kind.
func (r *Report) count(kind Kind) *int {
	switch kind {
	case Missing:
		return &r.Missing
	case Extra:
		return &r.Extra
	case Misplaced:
		return &r.Misplaced
	case Stale:
		return &r.Stale
	case Unplaceable:
		return &r.Unplaceable
	default:
		return &r.Damaged
	}
}

// differences returns a finding as the user sees it. An item that is missing under one
// source and extra under another counts once, as Stale: its source is wrong.
func (f *finding) differences() []Difference {
	var out []Difference
	if f.damaged {
		out = append(out, Difference{Kind: Damaged, Key: f.key})
	}
	extra, moved := map[string]*suspect{}, map[*suspect]bool{}
	for _, s := range f.suspects {
		if s.kind == Extra && !s.unsettled {
			extra[s.at.ID] = s
		}
	}
	for _, s := range f.suspects {
		if other := extra[s.at.ID]; s.kind == Missing && !s.unsettled && other != nil && !moved[other] {
			moved[other] = true
			d := s.difference()
			d.Kind, d.Got = Stale, &other.got.Item
			out = append(out, d)
			moved[s] = true
		}
	}
	for _, s := range f.suspects {
		if !moved[s] {
			out = append(out, s.difference())
		}
	}
	return out
}

func (s *suspect) difference() Difference {
	d := Difference{
		Kind: s.kind, Key: s.at.Key, ID: s.at.ID, Source: s.at.Source, Row: s.pk, Want: s.want, Unsettled: s.unsettled,
	}
	if s.got != nil {
		d.Got = &s.got.Item
	}
	if s.table != nil {
		d.Table = s.table.Model.Table
	}
	if s.ahead && s.kind != Extra {
		d.Reason = fmt.Sprintf("its version %d, of %s, is more than a day ahead of the clock",
			s.version, time.UnixMicro(s.version).UTC().Format(time.DateOnly))
	}
	return d
}
