package timakgorm

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
)

// SQL of the user's own, and DDL, may set off foreign keys. It is not known which
// rows they reach, so the log is told which tables these are in.

// registerCascades has such SQL looked at before it runs, as DDL may drop a foreign
// key with its table, and told of when it has run.
func (p *Plugin) registerCascades(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Raw().Before("gorm:raw").Register("timak:before_cascades", guarded(p.lookForCascades)),
		on.Raw().After("gorm:raw").Register("timak:cascades", guarded(p.tellOfCascades)),
		on.Row().Before("gorm:row").Register("timak:before_cascades", guarded(p.lookForCascades)),
		on.Row().After("gorm:row").Register("timak:cascades", guarded(p.tellOfCascades)),
		on.Query().Before("gorm:query").Register("timak:before_cascades", guarded(p.lookForCascades)),
		on.Query().After("gorm:query").Register("timak:cascades", guarded(p.tellOfCascades)),
	)
}

// cascadeSetting is where a statement keeps what is to be told when it has run.
const cascadeSetting = "timak:cascades"

// cascadeTime is how long a statement outside of a transaction waits for a
// connection, to find out what to say of it.
const cascadeTime = time.Second

// lookForCascades finds out which tracked tables SQL of the user's own may change
// by foreign keys.
func (p *Plugin) lookForCascades(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := textWith(db, writing|blocks|defining)
	if !may {
		return nil
	}
	words := append(slices.Clip(text.words), text.loose...)
	if !slices.ContainsFunc(words, mayCascade) && !hasWord(words, "drop") {
		return nil
	}
	ctx := st.Context
	if !inTransaction(db) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cascadeTime)
		defer cancel()
	}
	all, err := p.cascadesOfText(ctx, db, words)
	if err != nil { // it is only said of the statement, and must not fail it
		p.opts.Logger.WarnContext(st.Context, "timak: foreign keys could not be looked at", "error", err)
		return nil
	}
	if len(all) > 0 {
		db.InstanceSet(cascadeSetting, all)
	}
	return nil
}

// tellOfCascades tells the log of a statement that has run.
func (p *Plugin) tellOfCascades(db *gorm.DB) error {
	value, _ := db.InstanceGet(cascadeSetting)
	if all, ok := value.([]unfollowed); ok && db.Error == nil {
		p.tell(db.Statement.Context, all)
	}
	return nil
}

// mayCascade reports whether a word begins a statement on rows that foreign keys pass
// on.
func mayCascade(word string) bool {
	return slices.ContainsFunc([]string{"delete", "update", "truncate", "replace", "merge", "insert"}, func(verb string) bool { return sameName(word, verb) })
}

// cascadesOfText returns the tracked tables that a SQL text may change by foreign
// keys, each once.
func (p *Plugin) cascadesOfText(ctx context.Context, db *gorm.DB, words []string) (all []unfollowed, err error) {
	pool := db.Statement.ConnPool
	tables, err := p.cascades.of(ctx, p, pool)
	if err != nil {
		return nil, err
	}
	all = droppedWith(words, tables)
	for i, word := range words {
		names, impacts := writeTargets(word, words[i+1:]), p.dialect.impactsOfText(word, words[i+1:])
		if sameName(word, "drop") {
			names, impacts = p.dialect.dropped(words[i+1:])
		}
		if !mayBegin(words, i) {
			continue
		}
		for _, name := range names {
			t, err := p.theOne(ctx, pool, name, tablesNamed(tables, unquoted(name)))
			if err != nil {
				return nil, err
			}
			if t != nil {
				all = append(all, unfollowedBy(db, t, impacts)...)
			}
		}
	}
	return p.ifOn(ctx, pool, eachOnce(all))
}

// unfollowedBy returns the tracked tables that SQL of the user's own may change by
// what happens to rows of another.
func unfollowedBy(db *gorm.DB, t *fkTable, impacts []impact) []unfollowed {
	if t.replaces {
		impacts = append(impacts, impact{kind: rowsGo})
	}
	return unfollowedOn(db, t.name, courseOf(t, impacts, "SQL of the user's own does not say which rows it changes"))
}

// eachOnce leaves the first of those that are of one tracked table.
func eachOnce(all []unfollowed) (first []unfollowed) {
	for _, u := range all {
		if !slices.ContainsFunc(first, func(known unfollowed) bool { return known.table == u.table }) {
			first = append(first, u)
		}
	}
	return first
}

// ifOn returns what is not followed if the connection has foreign keys do anything.
func (p *Plugin) ifOn(ctx context.Context, pool gorm.ConnPool, all []unfollowed) ([]unfollowed, error) {
	if len(all) == 0 {
		return nil, nil
	}
	on, err := p.dialect.actOn(ctx, pool)
	if !on || err != nil {
		return nil, err
	}
	return all, nil
}

// dropped returns the tables that DROP TABLE drops, and what that does to rows.
// SQLite deletes them first; Postgres drops the foreign keys with their table, and
// with CASCADE the tables that inherit from it.
func (d dialect) dropped(words []string) (names []string, impacts []impact) {
	if len(words) == 0 || !sameName(words[0], "table") {
		return nil, nil
	}
	names = tableNames(afterWord(words[1:], "if", 2))
	if d.name == sqlite.name {
		return names, []impact{{kind: rowsGo}}
	}
	return names, []impact{{kind: rowsDropped}}
}

// droppedWith returns the tracked tables that go with a schema of Postgres'.
func droppedWith(words []string, tables []*fkTable) (all []unfollowed) {
	for i, word := range words {
		if !sameName(word, "drop") || len(words) < i+3 || !sameName(words[i+1], "schema") || !hasWord(words, "cascade") {
			continue
		}
		for _, schema := range tableNames(afterWord(words[i+2:], "if", 2)) {
			for _, t := range tables {
				if t.own != nil && t.schema == unquoted(schema) {
					all = append(all, unfollowed{t.own.model.table, schema, "DROP SCHEMA", "its rows go with the schema"})
				}
			}
		}
	}
	return all
}
