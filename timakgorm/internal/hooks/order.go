package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// GORM sorts callbacks again whenever one is registered or removed, and puts a
// callback whose neighbour is missing at the end: behind the commit. So Register
// checks where its callbacks ended up.

// orderSetting is the setting in which a dry-run statement keeps its order.
const orderSetting = "timak:order"

// order is what the callbacks before and after see of one statement.
type order struct{ before, after sight }

type sight struct {
	called, built, inTransaction bool
}

func look(db *gorm.DB) sight {
	_, inside := db.Statement.ConnPool.(gorm.TxCommitter)
	return sight{called: true, built: db.Statement.SQL.Len() > 0, inTransaction: inside}
}

// orderOf returns the order that a dry-run statement fills in; nil for others.
func orderOf(db *gorm.DB) *order {
	value, _ := db.Get(orderSetting)
	o, _ := value.(*order)
	return o
}

// wrong says which callback is out of order; nil if none is.
func (o *order) wrong() error {
	switch {
	case !o.before.called || o.before.built:
		return errors.New("timak's before-callback does not come before GORM's statement")
	case !o.after.called || !o.after.built:
		return errors.New("timak's after-callback does not come after GORM's statement")
	case o.before.inTransaction != o.after.inTransaction:
		return errors.New("timak's after-callback comes after the commit")
	default:
		return nil
	}
}

// nobody is the model of dry-run statements.
type nobody struct {
	ID   int64
	Name string
}

// TableName implements schema.Tabler.
func (nobody) TableName() string { return "timak_nobody" }

// checkOrder dry-runs a statement of each kind, and returns an error if callbacks are
// out of order.
func (h *Hooks) checkOrder(db *gorm.DB) error {
	for v, run := range map[statement.Verb]func(*gorm.DB) error{
		statement.Create: func(tx *gorm.DB) error { return tx.Create(&nobody{ID: 1}).Error },
		statement.Update: func(tx *gorm.DB) error { return tx.Model(&nobody{ID: 1}).Update("name", "x").Error },
		statement.Remove: func(tx *gorm.DB) error { return tx.Delete(&nobody{ID: 1}).Error },
	} {
		o := &order{}
		dry := db.Session(&gorm.Session{NewDB: true, DryRun: true, SkipHooks: true})
		dry.Statement.ConnPool = &nowhere{}
		if err := run(dry.Set(orderSetting, o)); err != nil {
			return fmt.Errorf("timakgorm: order of callbacks of %s: %w", v, err)
		}
		if err := o.wrong(); err != nil {
			return fmt.Errorf("timakgorm: callbacks of %s are out of order, as one of GORM's was removed or moved: %w: restore GORM's callbacks before db.Use", v, err)
		}
	}
	return nil
}

// nowhere is a connection to no database.
type nowhere struct{}

var errNowhere = errors.New("a statement that only checks the order of callbacks was run")

// BeginTx implements gorm.ConnPoolBeginner.
func (nowhere) BeginTx(context.Context, *sql.TxOptions) (gorm.ConnPool, error) {
	return &nowhereTx{}, nil
}

// PrepareContext implements gorm.ConnPool.
func (nowhere) PrepareContext(context.Context, string) (*sql.Stmt, error) { return nil, errNowhere }

// ExecContext implements gorm.ConnPool.
func (nowhere) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errNowhere
}

// QueryContext implements gorm.ConnPool.
func (nowhere) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errNowhere
}

// QueryRowContext implements gorm.ConnPool.
func (nowhere) QueryRowContext(context.Context, string, ...any) *sql.Row { return nil }

// nowhereTx is a transaction in no database.
type nowhereTx struct{ nowhere }

// Commit implements gorm.TxCommitter.
func (*nowhereTx) Commit() error { return nil }

// Rollback implements gorm.TxCommitter.
func (*nowhereTx) Rollback() error { return nil }
