package hooks

import (
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/cascade"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Hooks captures changes by GORM's callbacks. Its methods may be called from any
// number of goroutines.
type Hooks struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	guard    *guard.Guard
	keys     *cascade.Keys

	resolves session.Facts[string]    // by table, what its definition says ON CONFLICT
	plain    session.Facts[plainness] // by table, whether an update does no more than it says
	bare     session.Facts[bool]      // by table, whether a statement may carry its own record
	inserts  session.Facts[bool]      // by table, whether triggers may change rows before they are inserted
	texts    carriedTexts
}

// New returns hooks for the tables ts.
func New(ts *dialect.Tables, sessions *session.Sessions, guard *guard.Guard, keys *cascade.Keys) *Hooks {
	return &Hooks{tables: ts, sessions: sessions, guard: guard, keys: keys}
}

// Register puts callbacks right around GORM's own, and returns an error if they end
// up out of order. A callback after a statement is anchored on both sides: otherwise
// GORM would move it behind the commit, and without GORM's default transaction there
// is no commit to anchor it to.
func (h *Hooks) Register(db *gorm.DB) error {
	on := db.Callback()
	err := errors.Join(
		on.Create().Before("gorm:create").Register("timak:before_create", h.before(statement.Create)),
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:after_create", h.after),
		on.Update().Before("gorm:update").Register("timak:before_update", h.before(statement.Update)),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:after_update", h.after),
		on.Delete().Before("gorm:delete").Register("timak:before_delete", h.before(statement.Remove)),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:after_delete", h.after),
		on.Raw().Before("gorm:raw").Register("timak:before_raw", statement.Guarded(h.guard.CheckRaw)),
		on.Raw().After("gorm:raw").Register("timak:savepoints", statement.Guarded(h.sessions.WatchSavepoints)),
		on.Row().Before("gorm:row").Register("timak:before_row", statement.Guarded(h.guard.CheckRaw)),
		on.Query().Before("gorm:query").Register("timak:before_query", statement.Guarded(h.guard.CheckRaw)),
	)
	if err != nil {
		return err
	}
	if err := errors.Join(h.keys.Register(db), session.GuardWrites(db)); err != nil {
		return err
	}
	return h.checkOrder(db)
}

// captureSetting is the setting in which a statement keeps its capture.
const captureSetting = "timak:capture"

// before takes the place of the connection of a statement on a tracked table, or on
// one from which foreign keys lead to a tracked one.
func (h *Hooks) before(v statement.Verb) func(*gorm.DB) {
	return statement.Guarded(func(db *gorm.DB) error {
		if o := orderOf(db); o != nil {
			o.before = look(db)
		}
		if db.Error != nil || db.DryRun {
			return nil
		}
		if db.Statement.SQL.Len() > 0 { // db.Raw(…).Create(…)
			return h.guard.CheckRaw(db)
		}
		c := &capture{ConnPool: db.Statement.ConnPool, hooks: h, verb: v, db: db}
		if statement.MayWrite(h.tables, db.Statement, v) {
			if err := c.refuseForm(); err != nil {
				return err
			}
		} else if !h.mayReach(db.Statement, v) {
			return nil
		}
		db.Statement.ConnPool = c
		db.InstanceSet(captureSetting, c)
		return nil
	})
}

// after gives the connection back, and writes to the outbox what the statement
// changed.
func (h *Hooks) after(db *gorm.DB) {
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
		_ = db.AddError(fmt.Errorf("timakgorm: %s of %s: another plugin has replaced the connection that records the change: %w",
			c.verb, db.Statement.Table, statement.ErrUncaptured))
	} else {
		db.Statement.ConnPool = c.ConnPool
	}
	for name := range c.users {
		c.restoreClause(name)
	}
	statement.Guarded(c.finish)(db)
	switch {
	case !ran:
		c.recordDespite(db)
	case db.Error != nil:
		h.sessions.Spoil(db.Statement.Context, c.ConnPool, db.Error)
	}
	if dialect.IsNoTable(db.Error) { // another program may have moved it
		h.sessions.Schema.Change()()
	}
	statement.Guarded(session.EndStatement)(db)
}

// finish records the rows of a statement that has run.
func (c *capture) finish(db *gorm.DB) error {
	if db.Error != nil {
		return nil
	}
	if err := c.finishReach(db); err != nil || c.target == nil {
		return err
	}
	if c.verb == statement.Create && !c.returning && !c.carried {
		if err := c.afterInsert(); err != nil {
			return err
		}
	}
	recorded, err := c.record(db.Statement.Context)
	switch {
	case err != nil:
		return err
	case recorded > 0:
		c.hooks.sessions.MarkDirty(c.ConnPool)
	case c.verb == statement.Create && c.target.Written != "" && len(c.changes.Rows) > 0:
		return c.askLate()
	}
	return nil
}

// askLate asks what the table's name means after an insert by it of which nothing was
// recorded: it may mean another table, the rows may be invisible, or the tracked
// table may have moved to another schema.
func (c *capture) askLate() error {
	known, err := c.ask(c.target.Written, []*dialect.Table{c.target.Table})
	switch {
	case err != nil:
		return err
	case known == nil:
		c.hooks.sessions.Stray()
		return nil
	case known.At == c.target.Table.At:
		return nil
	}
	c.target.Table, c.changes.Written = known, ""
	recorded, err := c.record(c.db.Statement.Context)
	if err == nil && recorded > 0 {
		c.hooks.sessions.MarkDirty(c.ConnPool)
	}
	return err
}

// ensureTransaction opens a transaction if the user has switched GORM's off: the row
// and its change are committed together or not at all.
func (c *capture) ensureTransaction() error {
	if _, inside := c.ConnPool.(gorm.TxCommitter); inside {
		return nil
	}
	c.db.Statement.ConnPool = c.ConnPool
	err := session.BeginStatement(c.db)
	c.own, c.ConnPool = err == nil, c.db.Statement.ConnPool
	c.db.Statement.ConnPool = c
	return err
}

// refuseForm refuses values at which GORM would panic with its transaction open.
func (c *capture) refuseForm() error {
	st := c.db.Statement
	_, returning := st.Clauses["RETURNING"]
	value := st.ReflectValue
	switch {
	case c.verb == statement.Create && value.Kind() == reflect.Struct && !value.CanAddr():
		return fmt.Errorf("timakgorm: create of %s: %w: pass a pointer to the struct", st.Table, gorm.ErrInvalidValue)
	case c.verb == statement.Update && returning && value.IsValid() && !value.CanAddr():
		return fmt.Errorf("timakgorm: update of %s: %w: RETURNING needs db.Model of a pointer", st.Table, gorm.ErrInvalidValue)
	default:
		return nil
	}
}
