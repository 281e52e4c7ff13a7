package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Selection names rows of a tracked model, for Follow, Exec and Touch. Rows
// makes it. The zero Selection is an error where it is used.
type Selection struct {
	model any
	conds []any
}

// Rows selects the rows of a model, soft-deleted ones too: those whose primary
// keys are set in model, a pointer to its struct or to a slice of them, and that
// conds are true for, given as to db.Where. Without either it selects none, and
// is an error where it is used; "1 = 1" selects all.
func Rows(model any, conds ...any) Selection { return Selection{model: model, conds: conds} }

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
	if _, inside := tx.Statement.ConnPool.(gorm.TxCommitter); !inside {
		return tx.Transaction(func(tx *gorm.DB) error { return Follow(tx, change, rows...) })
	}
	p, err := pluginOf(tx)
	if err != nil {
		return err
	}
	follows := make([]*follow, len(rows))
	for i, selection := range rows {
		if follows[i], err = p.follow(tx, selection); err != nil {
			return err
		}
	}
	if p.opts.Capture == Callbacks {
		return explainByteKey(p.record(tx, change, follows))
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
	if _, inside := tx.Statement.ConnPool.(gorm.TxCommitter); !inside {
		return tx.Transaction(func(tx *gorm.DB) error { return Touch(tx, model, conds...) })
	}
	p, err := pluginOf(tx)
	if err != nil {
		return err
	}
	f, err := p.follow(tx, Rows(model, conds...))
	if err != nil || p.opts.Capture != Callbacks {
		return err
	}
	f.blind = true
	return explainByteKey(p.record(tx, func(*gorm.DB) error { return nil }, []*follow{f}))
}

// Unwatched returns a session of db in which raw SQL may write tracked tables
// without the plugin taking notice. What it changes has to be recorded by Touch
// in the same transaction.
func Unwatched(db *gorm.DB) *gorm.DB {
	return db.Session(&gorm.Session{NewDB: true}).Set(followSetting, []string(nil)).Session(&gorm.Session{})
}

// followSetting is where a session keeps the tables whose rows are followed; nil
// means all of them.
const followSetting = "timak:follow"

// followedIn reports whether raw SQL may write a table in a session.
func followedIn(db *gorm.DB, table string) bool {
	value, _ := db.Get(followSetting)
	tables, ok := value.([]string)
	return ok && (tables == nil || slices.Contains(tables, table))
}

// pluginOf returns the plugin that a database uses.
func pluginOf(db *gorm.DB) (*Plugin, error) {
	if p, ok := db.Plugins[(*Plugin)(nil).Name()].(*Plugin); ok {
		return p, nil
	}
	return nil, errNotInUse
}

// follow is a selection whose rows are followed in a transaction.
type follow struct {
	target  *target
	st      *gorm.Statement
	where   clause.Clause
	changes changes
	blind   bool // the rows as they were are not known

	// since is the last change in the outbox when they were read; 0 if they were
	// not.
	since int64
}

// follow prepares a selection.
func (p *Plugin) follow(tx *gorm.DB, selection Selection) (*follow, error) {
	if structType(selection.model) == nil {
		return nil, errors.New("timakgorm: rows of no model: expected timakgorm.Rows(&Post{}, …)")
	}
	st := tx.Session(&gorm.Session{NewDB: true}).Model(selection.model).Statement
	if err := st.Parse(selection.model); err != nil {
		return nil, fmt.Errorf("timakgorm: rows of %T: %w", selection.model, err)
	}
	known := p.tables[st.Schema.Table]
	if known == nil {
		return nil, fmt.Errorf("timakgorm: rows of %T: %w: register the model", selection.model, ErrUncaptured)
	}
	placed, err := p.homeOf(tx.Statement.Context, tx.Statement.ConnPool, known)
	if err != nil {
		return nil, err
	}
	if placed != nil {
		known = placed
	}
	f := &follow{target: &target{item: fragment{sql: known.sql.from}}, st: st}
	f.target.as(known, "", nil)
	return f, f.condition(selection)
}

// condition sets the condition of a selection.
func (f *follow) condition(selection Selection) error {
	var all []clause.Expression
	if len(selection.conds) > 0 {
		all = f.st.BuildCondition(selection.conds[0], selection.conds[1:]...)
	}
	value := reflect.Indirect(reflect.ValueOf(selection.model))
	_, keys := schema.GetIdentityFieldValuesMap(f.st.Context, value, f.st.Schema.PrimaryFields)
	if len(keys) > 0 {
		in, _ := whereIn(f.target.name, f.st.Schema.PrimaryFieldDBNames, keys).Expression.(clause.Where)
		all = append(all, in.Exprs...)
	}
	if len(all) == 0 {
		return fmt.Errorf("timakgorm: rows of %s: %w", f.st.Schema.Name, gorm.ErrMissingWhereClause)
	}
	f.where = clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: all}}
	return f.st.Error
}

// record runs a change between two readings of the rows.
func (p *Plugin) record(tx *gorm.DB, change func(*gorm.DB) error, follows []*follow) (err error) {
	defer recovered(&err)
	ctx, pool := tx.Statement.Context, tx.Statement.ConnPool
	tables := []string{}
	for _, f := range follows {
		tables = append(tables, f.target.table.model.table)
		if err := f.before(ctx, pool); err != nil {
			return err
		}
	}
	followed := tx.Session(&gorm.Session{NewDB: true}).Set(followSetting, tables).Session(&gorm.Session{})
	if err := safely(change, followed); err != nil {
		p.spoil(ctx, pool, err) // a part of it may have run
		return err
	}
	for _, f := range follows {
		if err := f.after(ctx, pool); err != nil {
			p.spoil(ctx, pool, err)
			return err
		}
	}
	p.markDirty(pool)
	return nil
}

// before reads the rows as they are before the change.
func (f *follow) before(ctx context.Context, pool gorm.ConnPool) error {
	if f.blind {
		return nil
	}
	if f.target.table.dialect.lock {
		_, err := pool.ExecContext(ctx, "LOCK TABLE "+f.target.sql.from+" IN EXCLUSIVE MODE")
		if err != nil {
			return fmt.Errorf("timakgorm: lock %s: %w", f.target.table.model.table, err)
		}
	}
	if err := pool.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM "+f.target.sql.own+"timak_outbox").Scan(&f.since); err != nil {
		return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", f.target.table.model.table, err)
	}
	return f.target.read(ctx, pool, f.st, f.where, f.changes.read)
}

// after reads the rows as they are after the change, and records what is new.
func (f *follow) after(ctx context.Context, pool gorm.ConnPool) error {
	visit := func(key rowKey, _ *string) error { return f.changes.touch(key) }
	if f.blind {
		f.target.sql.image = f.target.hiddenImage()
		visit = f.changes.read
	}
	if err := f.target.read(ctx, pool, f.st, f.where, visit); err != nil {
		return err
	}
	if err := f.addRecorded(ctx, pool); err != nil {
		return err
	}
	_, err := f.target.table.record(ctx, pool, &f.changes, time.Now())
	return err
}

// hiddenImage is the image that a soft-deleted row would have, NULL for others.
func (t *target) hiddenImage() string {
	return "CASE WHEN (" + t.sql.image + ") IS NULL THEN " + t.table.dialect.objectOf(t.table.model.columns, t.sql.column) + " END"
}

// addRecorded adds the images that changes of the rows wait with in the outbox:
// what the change did through GORM has been recorded already, and may have put
// the rows where they were not before.
func (f *follow) addRecorded(ctx context.Context, pool gorm.ConnPool) error {
	list := f.changes.keys()
	t := f.target.table
	images := map[string][]string{} // by primary key as the outbox has it
	err := t.each(ctx, pool, t.waiting(), []any{f.since, t.model.table, list}, func(pk, image string) error {
		images[pk] = append(images[pk], image)
		return nil
	})
	if err != nil || len(images) == 0 {
		return err
	}
	return t.each(ctx, pool, t.pks(), []any{list}, func(pk, text string) error {
		key, err := parseKey(text)
		if err != nil {
			return err
		}
		for _, image := range images[pk] {
			err = errors.Join(err, f.changes.also(key, image))
		}
		return err
	})
}

// waiting asks for the images that changes leave rows with; its parameters are
// the change after which to begin, the table, and the rows. These are looked up,
// and not joined: no plan but one reads both once.
func (t *table) waiting() string {
	rows, pk, _ := t.given()
	return t.dialect.bind("SELECT pk, " + fmt.Sprintf(t.dialect.text, "new") +
		" FROM " + t.sql.own + "timak_outbox WHERE id > ? AND tbl = ? AND new IS NOT NULL AND (pk IN (SELECT " + pk + " FROM " + rows + ")) IS TRUE")
}

// pks asks for the primary keys of rows, as the outbox has them and as JSON
// objects.
func (t *table) pks() string {
	rows, pk, key := t.given()
	return t.dialect.bind("SELECT " + pk + ", " + key + " FROM " + rows)
}

// given is a FROM item that turns a parameter into rows, and their primary key as
// the outbox has it and as a JSON object.
func (t *table) given() (rows, pk, key string) {
	d := t.dialect
	g := d.givenRows(t.model, t.sql.from, t.sql.quote)
	return g.rows, g.pk, fmt.Sprintf(d.text, g.key)
}

// each calls visit with every row of a query that has two columns.
func (t *table) each(ctx context.Context, pool gorm.ConnPool, query string, args []any, visit func(a, b string) error) (err error) {
	found, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("timakgorm: outbox of %s: %w", t.model.table, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var a, b string
		if err := found.Scan(&a, &b); err != nil {
			return err
		}
		if err := visit(a, b); err != nil {
			return err
		}
	}
	return found.Err()
}

// also adds another image that a row had.
func (c *changes) also(key rowKey, old string) error {
	text, err := marshal(key)
	if err == nil {
		c.rows = append(c.rows, change{Key: text, Old: &old})
	}
	return err
}
