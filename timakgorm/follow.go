package timakgorm

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/follow"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Selection names rows of a tracked model, for Follow and Exec. Rows makes it.
// Using the zero Selection is an error.
type Selection struct{ picked follow.Rows }

// Rows selects the rows of a model, including soft-deleted ones: those whose
// primary keys are set in model, a pointer to its struct or to a slice of them,
// and for which conds, given as to db.Where, are true. Without keys and conds it
// selects none, and using it is an error; "1 = 1" selects all.
func Rows(model any, conds ...any) Selection {
	return Selection{follow.Rows{Model: model, Conds: conds}}
}

// Exec runs raw SQL and records what it changes. As with Follow, rows must name
// every row that the statement may change, as the row is before the statement or
// after it.
//
//	err := timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "author_id = ?", 1),
//		"UPDATE posts SET author_id = 2 WHERE author_id = 1")
func Exec(tx *gorm.DB, rows Selection, sql string, values ...any) error {
	return Follow(tx, func(tx *gorm.DB) error { return tx.Exec(sql, values...).Error }, rows)
}

// Follow calls change and records what it changes in the selected rows. change
// may write the tables of these rows by any means that uses its tx: raw SQL, a
// cascade, a function of the database. Follow locks and reads the rows before the
// change and after it, and records the differences in the same transaction; it
// opens one if tx is not a transaction. A row that is selected neither before nor
// after is missed: when in doubt, select more. Raw SQL in change may write the
// tables of the selected rows, and no other tracked ones.
//
// On Postgres other writers of these tables wait from here to the end of the
// transaction. Otherwise a row that they add in between could be changed without
// being seen.
//
// Follow returns the error of change, ErrUncaptured for a model that is not
// tracked, and gorm.ErrMissingWhereClause for a selection without conditions.
// Then nothing has been recorded: roll the transaction back. With Options.Capture
// Triggers it only checks the selections and calls change in a transaction.
func Follow(tx *gorm.DB, change func(tx *gorm.DB) error, rows ...Selection) error {
	if !statement.InTransaction(tx) {
		return tx.Transaction(func(tx *gorm.DB) error { return Follow(tx, change, rows...) })
	}
	p, err := pluginOf(tx)
	if err != nil {
		return err
	}
	all := make([]follow.Rows, len(rows))
	for i, one := range rows {
		all[i] = one.picked
	}
	if p.opts.Capture == Callbacks {
		return p.follower.Follow(tx, change, all...)
	}
	if err := p.follower.Check(tx, all...); err != nil {
		return err
	}
	return change(tx)
}

// Touch records rows as they are now, after the application has changed them in a
// way that the plugin does not see. Call it in the transaction of the change, or
// after its commit.
//
// Touch knows how the rows are, and not how they were. New rows come onto their
// timelines, and items get the current dates, data and conditions. But a row that
// has left a timeline because its key has changed stays on it, and so does a row
// that has been deleted and not soft-deleted: for these use Follow, or repair
// them with Rebuild. A soft-deleted row leaves the timelines that its columns
// name.
//
// Raw SQL that names a tracked table is refused unless Options.RawSQL says
// otherwise; Unwatched exempts single statements. Errors are those of Follow.
func Touch(tx *gorm.DB, model any, conds ...any) error {
	if !statement.InTransaction(tx) {
		return tx.Transaction(func(tx *gorm.DB) error { return Touch(tx, model, conds...) })
	}
	p, err := pluginOf(tx)
	if err != nil {
		return err
	}
	rows := follow.Rows{Model: model, Conds: conds}
	if p.opts.Capture == Callbacks {
		return p.follower.Touch(tx, rows)
	}
	return p.follower.Check(tx, rows)
}

// Unwatched returns a session of db in which raw SQL may write tracked tables
// without being followed. Record what it changes with Touch, in the same
// transaction.
func Unwatched(db *gorm.DB) *gorm.DB {
	return guard.LetPass(db, nil)
}

// pluginOf returns the plugin that a database uses, or an error if it uses none.
func pluginOf(db *gorm.DB) (*Plugin, error) {
	if p, ok := db.Plugins[(*Plugin)(nil).Name()].(*Plugin); ok {
		return p, nil
	}
	return nil, errNotInUse
}
