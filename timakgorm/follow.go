package timakgorm

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/follow"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Selection names rows of a tracked model, for Follow, Exec and Touch. Rows
// makes it. The zero Selection is an error where it is used.
type Selection struct{ picked follow.Rows }

// Rows selects the rows of a model, soft-deleted ones too: those whose primary
// keys are set in model, a pointer to its struct or to a slice of them, and that
// conds are true for, given as to db.Where. Without either it selects none, and
// is an error where it is used; "1 = 1" selects all.
func Rows(model any, conds ...any) Selection {
	return Selection{follow.Rows{Model: model, Conds: conds}}
}

// Exec runs SQL of the user's own and has the timelines follow. See Follow: rows
// have to name every row that the statement may change, as they are before it
// or as they are after it.
//
//	err := timakgorm.Exec(tx, timakgorm.Rows(&Post{}, "author_id = ?", 1),
//		"UPDATE posts SET author_id = 2 WHERE author_id = 1")
func Exec(tx *gorm.DB, rows Selection, sql string, values ...any) error {
	return Follow(tx, func(tx *gorm.DB) error { return tx.Exec(sql, values...).Error }, rows)
}

// Follow calls change, which may write the tables of the selected rows by any
// means that goes through its tx, and has the timelines follow: raw SQL, a
// cascade, a function of the database. It reads the rows under lock before the
// change and after it, and records the differences in the same transaction,
// which it opens if tx is none. A row that is selected neither before nor after
// is not seen: when in doubt select more. In change raw SQL may write the
// tables of the selected rows, and no other tracked ones.
//
// On Postgres other writers of these tables wait from here to the end of the
// transaction, as a row that they add in between might be changed unseen.
//
// It returns the error of change, ErrUncaptured for a model that is not tracked,
// and gorm.ErrMissingWhereClause for a selection without conditions; then
// nothing has been recorded, and the transaction is to be rolled back. With
// Options.Capture Triggers it does no more than call change in a transaction.
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

// Touch records rows as they are now, after the user has changed them by means
// that the plugin does not see. It has to be called in the transaction of the
// change, or after it has been committed.
//
// It knows what there is, and not what there was: rows that were made come onto
// their timelines, and their items have the dates, data and conditions of now.
// But a row that has left a timeline, as its key has changed, stays on the one
// it was on, and so does one that has been deleted for good: for these use
// Follow, or let Rebuild mend it. A soft-deleted row leaves the timelines that
// its columns name.
//
// Raw SQL that names a tracked table is refused unless Options.RawSQL says
// otherwise; Unwatched lets single statements pass. Errors are those of Follow.
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
// without the plugin taking notice. What it changes has to be recorded by Touch
// in the same transaction.
func Unwatched(db *gorm.DB) *gorm.DB {
	return guard.LetPass(db, nil)
}

// pluginOf returns the plugin that a database uses.
func pluginOf(db *gorm.DB) (*Plugin, error) {
	if p, ok := db.Plugins[(*Plugin)(nil).Name()].(*Plugin); ok {
		return p, nil
	}
	return nil, errNotInUse
}
