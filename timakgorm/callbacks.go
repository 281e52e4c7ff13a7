package timakgorm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// registerCallbacks puts ours right around GORM's own statements. What comes
// after a statement is anchored on both sides: GORM would otherwise move it
// behind the commit, and there is no commit to anchor to when the user has
// switched the default transaction off.
func (p *Plugin) registerCallbacks(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:before_create", p.before(create)),
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:after_create", p.after),
		on.Update().Before("gorm:update").Register("timak:before_update", p.before(update)),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:after_update", p.after),
		on.Delete().Before("gorm:delete").Register("timak:before_delete", p.before(remove)),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:after_delete", p.after),
		on.Raw().Before("gorm:raw").Register("timak:before_raw", guarded(p.checkRaw)),
		on.Row().Before("gorm:row").Register("timak:before_row", guarded(p.checkRaw)),
		on.Query().Before("gorm:query").Register("timak:before_query", guarded(p.checkRaw)),
	)
}

// guarded turns an error or a panic of ours into the statement's error: a panic
// in a callback would leave GORM's transaction open.
func guarded(fn func(*gorm.DB) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		defer func() {
			if r := recover(); r != nil {
				_ = db.AddError(fmt.Errorf("timakgorm: panic: %v", r))
			}
		}()
		if err := fn(db); err != nil {
			_ = db.AddError(err)
		}
	}
}

// captureSetting is where a statement keeps its capture.
const captureSetting = "timak:capture"

// before takes the place of the connection of a statement on a tracked table.
func (p *Plugin) before(v verb) func(*gorm.DB) {
	return guarded(func(db *gorm.DB) error {
		if db.Error != nil || db.DryRun {
			return nil
		}
		t, err := p.tableOf(db.Statement)
		if t == nil || err != nil {
			return err
		}
		c := &capture{plugin: p, table: t, verb: v, db: db}
		if err := c.refuseForm(); err != nil {
			return err
		}
		if err := c.ensureTransaction(); err != nil {
			return err
		}
		c.ConnPool = db.Statement.ConnPool
		db.Statement.ConnPool = c
		db.InstanceSet(captureSetting, c)
		return nil
	})
}

// after gives the connection back, and writes to the outbox what the statement
// changed.
func (p *Plugin) after(db *gorm.DB) {
	value, _ := db.InstanceGet(captureSetting)
	c, ok := value.(*capture)
	if !ok || db.Statement.ConnPool != gorm.ConnPool(c) {
		return
	}
	db.Statement.ConnPool = c.ConnPool
	guarded(c.finish)(db)
	guarded(c.endTransaction)(db)
}

// finish records the rows of a statement that has run.
func (c *capture) finish(db *gorm.DB) error {
	if db.Error != nil || !c.ran {
		return nil
	}
	if c.verb == create {
		if err := c.afterInsert(); err != nil {
			return err
		}
	}
	recorded, err := c.table.record(db.Statement.Context, c.ConnPool, &c.changes, time.Now())
	if err == nil && recorded > 0 {
		c.plugin.markDirty(c.ConnPool)
	}
	return err
}

// ensureTransaction opens one if the user has switched GORM's off: the row and
// its change are committed together or not at all.
func (c *capture) ensureTransaction() error {
	if _, inside := c.db.Statement.ConnPool.(gorm.TxCommitter); inside {
		return nil
	}
	tx := c.db.Begin()
	if tx.Error != nil {
		return tx.Error
	}
	c.outer, c.db.Statement.ConnPool = c.db.Statement.ConnPool, tx.Statement.ConnPool
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

// tableOf returns the tracked table that a statement is about; nil if it is
// another. A table that may be a tracked one by another name is refused: with
// an alias, in another case, with a schema or without.
func (p *Plugin) tableOf(st *gorm.Statement) (*table, error) {
	name := st.Table
	if st.TableExpr != nil {
		name = strings.NewReplacer(`"`, "", "`", "").Replace(st.TableExpr.SQL)
		for _, value := range st.TableExpr.Vars {
			name += fmt.Sprintf(" %v", value)
		}
	}
	if t := p.tables[name]; t != nil {
		return t, nil
	}
	for _, word := range tableWord.FindAllString(name, -1) {
		if t := p.named(word); t != nil {
			return nil, fmt.Errorf("timakgorm: write to %q: %w: name the table %s, as the model does", name, ErrUncaptured, t.model.table)
		}
	}
	return nil, nil
}

// tableWord matches what may be the name of a table, with its schema or without.
var tableWord = regexp.MustCompile(`[\pL_][\pL\pM\pN_$]*(?:\.[\pL_][\pL\pM\pN_$]*)?`)

// refuseForm refuses the forms of a statement whose rows cannot be known.
func (c *capture) refuseForm() error {
	st := c.db.Statement
	if c.verb != create {
		if _, from := st.Clauses["FROM"]; from { // GORM has not put in its own yet
			return c.refuse("it has a FROM clause: select the keys first and name the rows by them")
		}
		return nil
	}
	if insert, ok := st.Clauses["INSERT"].Expression.(clause.Insert); ok && insert.Modifier != "" {
		return c.refuse("INSERT " + insert.Modifier + ": use clause.OnConflict")
	}
	if st.Schema == nil || len(mapsOf(st.Dest)) > 0 {
		return c.refuse("it is made from a map: use the model's struct")
	}
	if strings.Join(st.Schema.PrimaryFieldDBNames, ",") != strings.Join(c.table.model.schema.PrimaryFieldDBNames, ",") {
		return c.refuse(fmt.Sprintf("%s has another primary key: use %s", st.Schema.Name, c.table.model.schema.Name))
	}
	return nil
}

// mapsOf returns the maps that a user gave in place of structs.
func mapsOf(dest any) []map[string]any {
	switch m := dest.(type) {
	case map[string]any:
		return []map[string]any{m}
	case *map[string]any:
		return []map[string]any{*m}
	case []map[string]any:
		return m
	case *[]map[string]any:
		return *m
	default:
		return nil
	}
}
