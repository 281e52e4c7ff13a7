package follow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Follower records changes by the user's own code, where the user names the rows. All
// methods may be called from any number of goroutines.
type Follower struct {
	tables   *dialect.Tables
	sessions *session.Sessions
}

// New returns a follower of the tables ts.
func New(ts *dialect.Tables, sessions *session.Sessions) *Follower {
	return &Follower{tables: ts, sessions: sessions}
}

// Rows names rows of a tracked model: those that meet the conditions Conds, as for
// gorm.DB.Where, and whose primary key is set in Model, if any is.
type Rows struct {
	Model any
	Conds []any
}

// Follow calls change and records what it does to the rows. It must be called in a
// transaction. It returns ErrUncaptured for a model that is not registered, and
// gorm.ErrMissingWhereClause for Rows that name none.
func (fw *Follower) Follow(tx *gorm.DB, change func(tx *gorm.DB) error, rows ...Rows) error {
	follows, err := fw.prepareAll(tx, rows)
	if err != nil {
		return err
	}
	return guard.ExplainByteKey(fw.record(tx, change, follows))
}

// Check returns the error by which Follow would refuse rows.
func (fw *Follower) Check(tx *gorm.DB, rows ...Rows) error {
	_, err := fw.prepareAll(tx, rows)
	return err
}

// Touch records rows as they are. It must be called in a transaction.
func (fw *Follower) Touch(tx *gorm.DB, rows Rows) error {
	f, err := fw.prepare(tx, rows)
	if err != nil {
		return err
	}
	f.blind = true
	return guard.ExplainByteKey(fw.record(tx, func(*gorm.DB) error { return nil }, []*follow{f}))
}

func (fw *Follower) prepareAll(tx *gorm.DB, rows []Rows) (follows []*follow, err error) {
	follows = make([]*follow, len(rows))
	for i, one := range rows {
		if follows[i], err = fw.prepare(tx, one); err != nil {
			return nil, err
		}
	}
	return follows, nil
}

// follow is one Rows that is followed in a transaction.
type follow struct {
	target  *statement.Target
	st      *gorm.Statement
	where   clause.Clause
	changes outbox.Changes
	blind   bool // the rows are not read before the change

	// since is the id of the last change in the outbox when the rows were read; 0 if
	// they were not.
	since int64
}

// prepare finds the table and the condition of a selection.
func (fw *Follower) prepare(tx *gorm.DB, selection Rows) (*follow, error) {
	if model.StructType(selection.Model) == nil {
		return nil, errors.New("timakgorm: rows of no model: expected timakgorm.Rows(&Post{}, …)")
	}
	st := tx.Session(&gorm.Session{NewDB: true}).Model(selection.Model).Statement
	if err := st.Parse(selection.Model); err != nil {
		return nil, fmt.Errorf("timakgorm: rows of %T: %w", selection.Model, err)
	}
	known := fw.tables.Of(st.Schema.Table)
	if known == nil {
		return nil, fmt.Errorf("timakgorm: rows of %T: %w: register the model", selection.Model, statement.ErrUncaptured)
	}
	placed, err := fw.sessions.HomeOf(tx.Statement.Context, tx.Statement.ConnPool, known)
	if err != nil {
		return nil, err
	}
	if placed != nil {
		known = placed
	}
	f := &follow{target: &statement.Target{Item: statement.Fragment{SQL: known.SQL.From}}, st: st}
	f.target.As(known, "", nil)
	return f, f.condition(selection)
}

// condition sets the condition of a selection.
func (f *follow) condition(selection Rows) error {
	var all []clause.Expression
	if len(selection.Conds) > 0 {
		all = f.st.BuildCondition(selection.Conds[0], selection.Conds[1:]...)
	}
	value := reflect.Indirect(reflect.ValueOf(selection.Model))
	_, keys := schema.GetIdentityFieldValuesMap(f.st.Context, value, f.st.Schema.PrimaryFields)
	if len(keys) > 0 {
		in, _ := statement.WhereIn(f.target.Name, f.st.Schema.PrimaryFieldDBNames, keys).Expression.(clause.Where)
		all = append(all, in.Exprs...)
	}
	if len(all) == 0 {
		return fmt.Errorf("timakgorm: rows of %s: %w", f.st.Schema.Name, gorm.ErrMissingWhereClause)
	}
	f.where = clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: all}}
	return f.st.Error
}

// record runs a change between two reads of the rows.
func (fw *Follower) record(tx *gorm.DB, change func(*gorm.DB) error, follows []*follow) (err error) {
	defer statement.Recovered(&err)
	ctx, pool := tx.Statement.Context, tx.Statement.ConnPool
	tables := []string{}
	for _, f := range follows {
		tables = append(tables, f.target.Table.Model.Table)
		if err := f.before(ctx, pool); err != nil {
			return err
		}
	}
	followed := guard.LetPass(tx, tables)
	if err := statement.Safely(change, followed); err != nil {
		fw.sessions.Spoil(ctx, pool, err) // a part of it may have run
		return err
	}
	for _, f := range follows {
		if err := f.after(ctx, pool); err != nil {
			fw.sessions.Spoil(ctx, pool, err)
			return err
		}
	}
	fw.sessions.MarkDirty(pool)
	return nil
}

// before reads the rows as they are before the change.
func (f *follow) before(ctx context.Context, pool gorm.ConnPool) error {
	if f.blind {
		return nil
	}
	if f.target.Table.Dialect.Lock {
		_, err := pool.ExecContext(ctx, "LOCK TABLE "+f.target.SQL.From+" IN EXCLUSIVE MODE")
		if err != nil {
			return fmt.Errorf("timakgorm: lock %s: %w", f.target.Table.Model.Table, err)
		}
	}
	own := f.target.SQL.Own
	drawn := f.target.Table.Dialect.Drawn(own, "SELECT coalesce(max(id), 0) FROM "+own+"timak_outbox")
	if err := pool.QueryRowContext(ctx, drawn).Scan(&f.since); err != nil {
		return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", f.target.Table.Model.Table, err)
	}
	return f.target.Read(ctx, pool, f.st, f.where, f.changes.Read)
}

// after reads the rows as they are after the change, and records what has changed.
func (f *follow) after(ctx context.Context, pool gorm.ConnPool) error {
	visit := func(key model.RowKey, _ *string) error { return f.changes.Touch(key) }
	if f.blind {
		f.target.SQL.Image, f.target.SQL.Bare = f.target.HiddenImage(), nil
		visit = f.changes.Read
	}
	if err := f.target.Read(ctx, pool, f.st, f.where, visit); err != nil {
		return err
	}
	if err := f.addRecorded(ctx, pool); err != nil {
		return err
	}
	_, err := outbox.Record(ctx, pool, f.target.Table, &f.changes, time.Now())
	return err
}

// addRecorded adds images of the rows from changes that the outbox has got since:
// what the change did through GORM is recorded already, and may have put the rows
// on timelines where they were not before.
func (f *follow) addRecorded(ctx context.Context, pool gorm.ConnPool) error {
	list := f.changes.Keys()
	t := f.target.Table
	images := map[string][]string{} // by primary key, as the outbox has it
	err := eachPair(ctx, pool, t, waitingSQL(t), []any{f.since, t.Model.Table, list}, func(pk, image string) error {
		images[pk] = append(images[pk], image)
		return nil
	})
	if err != nil || len(images) == 0 {
		return err
	}
	return eachPair(ctx, pool, t, pksSQL(t), []any{list}, func(pk, text string) error {
		key, err := model.ParseKey(text)
		if err != nil {
			return err
		}
		for _, image := range images[pk] {
			err = errors.Join(err, f.changes.AddImage(key, image))
		}
		return err
	})
}

// waitingSQL asks for the new images in the outbox's changes of rows. Its parameters
// are the id after which to begin, the table, and the rows' keys. The rows are looked
// up and not joined: the only plan then reads the changes and the rows once each.
func waitingSQL(t *dialect.Table) string {
	rows, pk, _ := givenRows(t)
	return t.Dialect.Bind("SELECT pk, " + fmt.Sprintf(t.Dialect.Text, "new") +
		" FROM " + t.SQL.Own + "timak_outbox WHERE id > ? AND tbl = ? AND new IS NOT NULL AND (pk IN (SELECT " + pk + " FROM " + rows + ")) IS TRUE")
}

// pksSQL returns the query for the primary keys of rows, as the outbox has them and as
// JSON objects.
func pksSQL(t *dialect.Table) string {
	rows, pk, key := givenRows(t)
	return t.Dialect.Bind("SELECT " + pk + ", " + key + " FROM " + rows)
}

// givenRows returns a FROM item that turns a parameter into rows, and the SQL of their
// primary key: as the outbox has it, and as a JSON object.
func givenRows(t *dialect.Table) (rows, pk, key string) {
	d := t.Dialect
	g := d.GivenRows(t.Model, t.SQL.From, t.SQL.Quote)
	return g.Rows, g.PK, fmt.Sprintf(d.Text, g.Key)
}

// eachPair calls visit with each row of a query that has two columns.
func eachPair(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, query string, args []any, visit func(a, b string) error) error {
	err := dialect.EachRow(ctx, pool, query, args, func(found *sql.Rows) error {
		var a, b string
		if err := found.Scan(&a, &b); err != nil {
			return err
		}
		return visit(a, b)
	})
	if err != nil {
		return fmt.Errorf("timakgorm: outbox of %s: %w", t.Model.Table, err)
	}
	return nil
}
