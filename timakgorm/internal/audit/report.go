package audit

import (
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Report is what a run has found; timakgorm.Report says what its fields are.
type Report struct {
	Keys int
	Rows int64

	Missing, Extra, Misplaced, Stale, Damaged, Unplaceable int

	Remaining, Unsettled int
	Differences          []Difference
	From                 string
}

// found returns how many differences were found.
func (r *Report) found() int {
	return r.Missing + r.Extra + r.Misplaced + r.Stale + r.Damaged + r.Unplaceable
}

// note adds to the report what was not known yet.
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

// remain adds to the report what is left.
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

func (v *verification) keep(d Difference) {
	if len(v.report.Differences) < v.opts.Limit {
		v.report.Differences = append(v.report.Differences, d)
	}
}

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

// differences says what was found in the user's words. An item that one source
// lacks and another has too many is one that has the wrong source.
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
