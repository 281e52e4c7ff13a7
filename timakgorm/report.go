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

	// These count the differences found, whether or not they were repaired. Rebuild may
	// find fewer than Verify: the change that repairs a row on one timeline repairs it on
	// all of them, before the others are compared.
	Missing, Extra, Misplaced, Stale, Damaged, Unplaceable int

	// Remaining is how many differences are left. Rebuild cannot repair an
	// Unplaceable row: correct the row itself.
	Remaining int

	// Unsettled is how many items may or may not differ, because changes of their
	// rows kept waiting in the outbox, or kept arriving.
	Unsettled int

	// Differences are the first differences found, including the unsettled ones.
	Differences []Difference

	// From is the token to continue from if the run ended early. It is empty if
	// the run was completed, or ended before the first timelines were done.
	From string
}

// Found returns how many differences were found.
func (r Report) Found() int {
	return r.Missing + r.Extra + r.Misplaced + r.Stale + r.Damaged + r.Unplaceable
}

// Clean reports whether the timelines agree with the tables: no difference is
// left, and nothing is in doubt. While there is an unplaceable row they do not
// agree, because readers miss it. A row that no rule wants, because its condition
// is false or a column of its key is NULL, is not unplaceable.
func (r Report) Clean() bool { return r.Remaining == 0 && r.Unsettled == 0 }

// reportOf converts the report of an audit for the user.
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
