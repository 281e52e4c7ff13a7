package timakgorm

import (
	"github.com/timak-go/timak/timakgorm/internal/audit"
)

// Report is what Verify and Rebuild found.
type Report struct {
	// Keys is how many timelines were compared, and Rows with how many rows; a
	// row counts once for each timeline that its key columns name.
	Keys int
	Rows int64

	// These are the differences found, whether or not they were repaired.
	Missing, Extra, Misplaced, Stale, Damaged, Unplaceable int

	// Remaining is how many differences are left. Rebuild can mend nothing
	// Unplaceable: somebody has to mend the row.
	Remaining int

	// Unsettled is how many items may be different or not, as changes of their
	// rows kept waiting in the outbox, or kept coming.
	Unsettled int

	// Differences are the first that were found, the unsettled included.
	Differences []Difference

	// From is the token to go on from, if the run ended before all was done. Empty
	// if it did not, and if it ended before the first timelines were done.
	From string
}

// Found returns how many differences were found.
func (r Report) Found() int {
	return r.Missing + r.Extra + r.Misplaced + r.Stale + r.Damaged + r.Unplaceable
}

// Clean reports whether the timelines are as the tables: nothing different is
// left, and nothing is in doubt. As long as there is an unplaceable row they are
// not, since a reader misses it. A row that no rule wants, as its condition is
// false or a column of its key NULL, is none.
func (r Report) Clean() bool { return r.Remaining == 0 && r.Unsettled == 0 }

// reportOf returns what an audit found as the user reads it.
func reportOf(r audit.Report) Report {
	report := Report{
		Keys: r.Keys, Rows: r.Rows,
		Missing: r.Missing, Extra: r.Extra, Misplaced: r.Misplaced, Stale: r.Stale, Damaged: r.Damaged, Unplaceable: r.Unplaceable,
		Remaining: r.Remaining, Unsettled: r.Unsettled, From: r.From,
	}
	for _, d := range r.Differences {
		report.Differences = append(report.Differences, Difference{
			Kind: DifferenceKind(d.Kind), Key: d.Key, ID: d.ID, Source: d.Source, Table: d.Table, Row: d.Row,
			Want: d.Want, Got: d.Got, Unsettled: d.Unsettled, Reason: d.Reason,
		})
	}
	return report
}
