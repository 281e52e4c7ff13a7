package cascade

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// Raw SQL and DDL may set off foreign keys. Which rows they reach is not known, so
// the tables with those rows are logged.

// Register registers callbacks that check raw SQL before it runs, as DDL may drop a
// foreign key with its table, and log what it may have changed once it has run.
func (f *Keys) Register(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Raw().Before("gorm:raw").Register("timak:before_cascades", statement.Guarded(f.lookForCascades)),
		on.Raw().After("gorm:raw").Register("timak:cascades", statement.Guarded(f.warnOfCascades)),
		on.Row().Before("gorm:row").Register("timak:before_cascades", statement.Guarded(f.lookForCascades)),
		on.Row().After("gorm:row").Register("timak:cascades", statement.Guarded(f.warnOfCascades)),
		on.Query().Before("gorm:query").Register("timak:before_cascades", statement.Guarded(f.lookForCascades)),
		on.Query().After("gorm:query").Register("timak:cascades", statement.Guarded(f.warnOfCascades)),
	)
}

// cascadeSetting is the setting in which a statement keeps what to log when it has
// run.
const cascadeSetting = "timak:cascades"

// cascadeTime is how long a statement outside a transaction may wait for the
// connection that finds out what to log.
const cascadeTime = time.Second

// lookForCascades finds out which tracked tables raw SQL may change by foreign keys.
func (f *Keys) lookForCascades(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Writing|sqltext.Blocks|sqltext.Defining)
	if !may {
		return nil
	}
	words := append(slices.Clip(text.Words), text.Loose...)
	if !slices.ContainsFunc(words, sqltext.MayCascade) && !sqltext.HasWord(words, "drop") {
		return nil
	}
	ctx := st.Context
	if !statement.InTransaction(db) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cascadeTime)
		defer cancel()
	}
	all, err := f.cascadesOfText(ctx, db, words)
	if err != nil { // only the log needs it: the statement must not fail
		f.WarnOfFailure(st.Context, err)
		return nil
	}
	if len(all) > 0 {
		db.InstanceSet(cascadeSetting, all)
	}
	return nil
}

// warnOfCascades logs what a statement that has run may have changed.
func (f *Keys) warnOfCascades(db *gorm.DB) error {
	value, _ := db.InstanceGet(cascadeSetting)
	if all, ok := value.([]Unfollowed); ok && db.Error == nil {
		f.Warn(db.Statement.Context, all)
	}
	return nil
}

// cascadesOfText returns the tracked tables that raw SQL may change by foreign keys,
// each once.
func (f *Keys) cascadesOfText(ctx context.Context, db *gorm.DB, words []string) (all []Unfollowed, err error) {
	pool := db.Statement.ConnPool
	tables, err := f.Of(ctx, pool)
	if err != nil {
		return nil, err
	}
	all = droppedWith(words, tables)
	for i, word := range words {
		names, impacts := sqltext.WriteTargets(word, words[i+1:]), impactsOfText(f.tables.Dialect, word, words[i+1:])
		if sqltext.SameName(word, "drop") {
			names, impacts = dropped(f.tables.Dialect, words[i+1:])
		}
		if !sqltext.MayBegin(words, i) {
			continue
		}
		for _, name := range names {
			t, err := f.Resolve(ctx, pool, name, TablesNamed(tables, sqltext.Unquoted(name)))
			if err != nil {
				return nil, err
			}
			if t != nil {
				all = append(all, unfollowedBy(db, t, impacts)...)
			}
		}
	}
	return f.ifOn(ctx, pool, eachOnce(all))
}

// unfollowedBy returns the tracked tables that raw SQL may change by its impacts on t.
func unfollowedBy(db *gorm.DB, t *Table, impacts []Impact) []Unfollowed {
	if t.Replaces {
		impacts = append(impacts, Impact{Kind: RowsGo})
	}
	return UnfollowedOn(db, t.Name, CourseOf(t, impacts, "raw SQL does not say which rows it changes"))
}

// eachOnce keeps the first entry of each tracked table.
func eachOnce(all []Unfollowed) (first []Unfollowed) {
	for _, u := range all {
		if !slices.ContainsFunc(first, func(known Unfollowed) bool { return known.table == u.table }) {
			first = append(first, u)
		}
	}
	return first
}

// ifOn returns all if foreign keys act on the connection's writes, and else nothing.
func (f *Keys) ifOn(ctx context.Context, pool gorm.ConnPool, all []Unfollowed) ([]Unfollowed, error) {
	if len(all) == 0 {
		return nil, nil
	}
	on, err := Enabled(ctx, f.tables.Dialect, pool)
	if !on || err != nil {
		return nil, err
	}
	return all, nil
}

// dropped returns the tables that DROP TABLE drops, and what that does to their rows.
// SQLite deletes the rows first. Postgres drops the foreign keys with their table,
// and with CASCADE the inheriting tables too.
func dropped(d dialect.Dialect, words []string) (names []string, impacts []Impact) {
	if len(words) == 0 || !sqltext.SameName(words[0], "table") {
		return nil, nil
	}
	names = sqltext.TableNames(sqltext.AfterWord(words[1:], "if", 2))
	if d.Name == dialect.SQLite.Name {
		return names, []Impact{{Kind: RowsGo}}
	}
	return names, []Impact{{Kind: rowsDropped}}
}

// droppedWith returns the tracked tables that Postgres drops with their schema.
func droppedWith(words []string, tables []*Table) (all []Unfollowed) {
	for i, word := range words {
		if !sqltext.SameName(word, "drop") || len(words) < i+3 || !sqltext.SameName(words[i+1], "schema") || !sqltext.HasWord(words, "cascade") {
			continue
		}
		for _, schema := range sqltext.TableNames(sqltext.AfterWord(words[i+2:], "if", 2)) {
			for _, t := range tables {
				if t.Own != nil && t.Schema == sqltext.Unquoted(schema) {
					all = append(all, Unfollowed{t.Own.Model.Table, schema, "DROP SCHEMA", "its rows go with the schema"})
				}
			}
		}
	}
	return all
}

// WarnOfFailure logs that the foreign keys could not be checked.
func (f *Keys) WarnOfFailure(ctx context.Context, err error) {
	f.log.WarnContext(ctx, "timak: could not check which foreign keys a statement sets off; timelines may not follow them", "error", err)
}
