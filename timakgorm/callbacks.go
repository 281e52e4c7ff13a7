package timakgorm

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"gorm.io/gorm"
)

// registerCallbacks puts ours right around GORM's own statements. What comes
// after a statement is anchored on both sides: GORM would otherwise move it
// behind the commit, and there is no commit to anchor to when the user has
// switched the default transaction off.
func (p *Plugin) registerCallbacks(db *gorm.DB) error {
	on := db.Callback()
	err := errors.Join(
		on.Create().Before("gorm:create").Register("timak:before_create", p.before(create)),
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:after_create", p.after),
		on.Update().Before("gorm:update").Register("timak:before_update", p.before(update)),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:after_update", p.after),
		on.Delete().Before("gorm:delete").Register("timak:before_delete", p.before(remove)),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:after_delete", p.after),
		on.Raw().Before("gorm:raw").Register("timak:before_raw", guarded(p.checkRaw)),
		on.Raw().After("gorm:raw").Register("timak:savepoints", guarded(p.watchSavepoints)),
		on.Row().Before("gorm:row").Register("timak:before_row", guarded(p.checkRaw)),
		on.Query().Before("gorm:query").Register("timak:before_query", guarded(p.checkRaw)),
	)
	if err != nil {
		return err
	}
	if err := errors.Join(p.registerCascades(db), guardWrites(db)); err != nil {
		return err
	}
	return p.checkOrder(db)
}

// guarded turns an error or a panic of ours into the statement's error: a panic
// in a callback would leave GORM's transaction open.
func guarded(fn func(*gorm.DB) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		if err := safely(fn, db); err != nil {
			_ = db.AddError(err)
		}
	}
}

func safely(fn func(*gorm.DB) error, db *gorm.DB) (err error) {
	defer recovered(&err)
	return fn(db)
}

// recovered makes a panic an error; it is to be deferred.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("timakgorm: panic: %v\n%s", r, debug.Stack())
	}
}

// captureSetting is where a statement keeps its capture.
const captureSetting = "timak:capture"

// before takes the place of the connection of a statement on a tracked table, or on
// one from which foreign keys lead to a tracked one.
func (p *Plugin) before(v verb) func(*gorm.DB) {
	return guarded(func(db *gorm.DB) error {
		if o := orderOf(db); o != nil {
			o.before = look(db)
		}
		if db.Error != nil || db.DryRun {
			return nil
		}
		if db.Statement.SQL.Len() > 0 { // db.Raw(…).Create(…)
			return p.checkRaw(db)
		}
		c := &capture{ConnPool: db.Statement.ConnPool, plugin: p, verb: v, db: db}
		if p.mayWrite(db.Statement, v) {
			if err := c.refuseForm(); err != nil {
				return err
			}
		} else if !p.mayReach(db.Statement, v) {
			return nil
		}
		db.Statement.ConnPool = c
		db.InstanceSet(captureSetting, c)
		return nil
	})
}

// after gives the connection back, and writes to the outbox what the statement
// changed.
func (p *Plugin) after(db *gorm.DB) {
	if o := orderOf(db); o != nil {
		o.after = look(db)
	}
	value, _ := db.InstanceGet(captureSetting)
	c, ok := value.(*capture)
	if !ok || c == nil {
		return
	}
	db.InstanceSet(captureSetting, (*capture)(nil))
	ran := db.Error == nil
	if db.Statement.ConnPool != gorm.ConnPool(c) {
		_ = db.AddError(fmt.Errorf("timakgorm: %s of %s: another plugin has put its connection in the place of the one that is followed: %w",
			c.verb, db.Statement.Table, ErrUncaptured))
	} else {
		db.Statement.ConnPool = c.ConnPool
	}
	for name := range c.users {
		c.restoreClause(name)
	}
	guarded(c.finish)(db)
	switch {
	case !ran:
		c.recordDespite(db)
	case db.Error != nil:
		p.spoil(db.Statement.Context, c.ConnPool, db.Error)
	}
	if isNoTable(db.Error) { // perhaps it has moved, and nobody has told us
		p.schema.change()()
	}
	guarded(c.endTransaction)(db)
}

// finish records the rows of a statement that has run.
func (c *capture) finish(db *gorm.DB) error {
	if db.Error != nil {
		return nil
	}
	if err := c.finishReach(db); err != nil || c.target == nil {
		return err
	}
	if c.verb == create && !c.returning {
		if err := c.afterInsert(); err != nil {
			return err
		}
	}
	recorded, err := c.record(db.Statement.Context)
	switch {
	case err != nil:
		return err
	case recorded > 0:
		c.plugin.markDirty(c.ConnPool)
	case c.verb == create && c.target.written != "" && len(c.changes.rows) > 0:
		return c.askLate()
	}
	return nil
}

// askLate asks what the name of a table meant where rows were made by it and
// nothing was recorded: it is another table, its rows are not to be seen, or it is
// the tracked one in another place than it was.
func (c *capture) askLate() error {
	known, err := c.ask(c.target.written, []*table{c.target.table})
	switch {
	case err != nil:
		return err
	case known == nil:
		c.plugin.strays.any.Store(true)
		return nil
	case known.at == c.target.table.at:
		return nil
	}
	c.target.table, c.changes.written = known, ""
	recorded, err := c.record(c.db.Statement.Context)
	if err == nil && recorded > 0 {
		c.plugin.markDirty(c.ConnPool)
	}
	return err
}

// ensureTransaction opens one if the user has switched GORM's off: the row and
// its change are committed together or not at all.
func (c *capture) ensureTransaction() error {
	if _, inside := c.ConnPool.(gorm.TxCommitter); inside {
		return nil
	}
	c.db.Statement.ConnPool = c.ConnPool
	tx := c.db.Begin()
	c.db.Statement.ConnPool = c
	if tx.Error != nil {
		return tx.Error
	}
	c.outer, c.ConnPool = c.ConnPool, tx.Statement.ConnPool
	return nil
}

// endTransaction ends a transaction that is ours.
func (c *capture) endTransaction(db *gorm.DB) error {
	if c.outer == nil {
		return nil
	}
	db.Statement.ConnPool = c.outer
	tx, _ := c.ConnPool.(gorm.TxCommitter)
	if db.Error != nil {
		return tx.Rollback()
	}
	return tx.Commit()
}

// refuseForm refuses what GORM panics at, with its transaction open.
func (c *capture) refuseForm() error {
	st := c.db.Statement
	_, returning := st.Clauses["RETURNING"]
	value := st.ReflectValue
	switch {
	case c.verb == create && value.Kind() == reflect.Struct && !value.CanAddr():
		return fmt.Errorf("timakgorm: create of %s: %w: give a pointer to it", st.Table, gorm.ErrInvalidValue)
	case c.verb == update && returning && value.IsValid() && !value.CanAddr():
		return fmt.Errorf("timakgorm: update of %s: %w: RETURNING needs db.Model of a pointer", st.Table, gorm.ErrInvalidValue)
	default:
		return nil
	}
}
