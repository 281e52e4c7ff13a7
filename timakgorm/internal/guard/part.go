package guard

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// On Postgres a statement may write a row by the name of a partition, or of a table
// that inherits from the tracked one. Callbacks would not see that, and triggers only
// where they have been installed. So the guard refuses it: the statement must name the
// tracked table. Callbacks also
// refuse a view of the tracked table; triggers see writes through a view.

// RegisterPartitions registers the callbacks that check whether a write names a
// partition or a view of a tracked table.
func (g *Guard) RegisterPartitions(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:partition_create", statement.Guarded(g.refusePartition(statement.Create))),
		on.Update().Before("gorm:update").Register("timak:partition_update", statement.Guarded(g.refusePartition(statement.Update))),
		on.Delete().Before("gorm:delete").Register("timak:partition_delete", statement.Guarded(g.refusePartition(statement.Remove))),
		on.Raw().Before("gorm:raw").Register("timak:partition_raw", statement.Guarded(g.refuseRawPartition)),
		on.Raw().Before("gorm:raw").Register("timak:warn_ddl", statement.Guarded(g.warnOfDDL)),
		on.Row().Before("gorm:row").Register("timak:partition_row", statement.Guarded(g.refuseRawPartition)),
		on.Query().Before("gorm:query").Register("timak:partition_query", statement.Guarded(g.refuseRawPartition)),
	)
}

func (g *Guard) refusePartition(v statement.Verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		st := db.Statement
		if db.Error != nil || db.DryRun {
			return nil
		}
		if st.SQL.Len() > 0 {
			return g.refuseRawPartition(db)
		}
		name := statement.WrittenName(st, v)
		parent, err := g.partOf(st.Context, st.ConnPool, name)
		if parent == "" || err != nil || FollowedIn(db, parent) {
			return err
		}
		return fmt.Errorf("timakgorm: %s of %s: %w: it is a part or a view of %s: name that table instead", v, sqltext.Unquoted(name), statement.ErrUncaptured, parent)
	}
}

func (g *Guard) refuseRawPartition(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Writing)
	if !may {
		return nil
	}
	part, parent, err := g.partWritten(st, text)
	switch {
	case parent == "" || err != nil || FollowedIn(db, parent):
		return err
	case g.opts.Warn:
		g.opts.Log.WarnContext(st.Context, "timak: raw SQL writes a part or a view of a tracked table; its timelines do not follow",
			"table", parent, "part", part)
		return nil
	default:
		return fmt.Errorf("timakgorm: raw SQL writes %s: %w: it is a part or a view of %s: name that table instead", part, statement.ErrUncaptured, parent)
	}
}

// partWritten returns the first partition or view of a tracked table that raw SQL
// writes, and that table's name; "" if there is none.
func (g *Guard) partWritten(st *gorm.Statement, text sqltext.Text) (part, parent string, err error) {
	names := text.Targets()
	if sqltext.HasWord(text.Loose, sqltext.LooseVerbs...) {
		names = append(names, text.Loose...)
	}
	for _, name := range names {
		if parent, err := g.partOf(st.Context, st.ConnPool, name); parent != "" || err != nil {
			return name, parent, err
		}
	}
	return "", "", nil
}

// partOf returns the name of the tracked table of which name, as the statement writes
// it, means a partition or a view; "" if there is none.
func (g *Guard) partOf(ctx context.Context, pool gorm.ConnPool, name string) (string, error) {
	return g.parents.Of(name, g.sessions.SchemaForNames(pool), func() (string, error) {
		if g.opts.Callbacks && g.tables.Named(sqltext.Unquoted(name)) != nil || !sqltext.PostgresName.MatchString(name) {
			return "", nil
		}
		m, err := g.sessions.MeaningOf(ctx, pool, name)
		if m.Is != "" {
			return "", err
		}
		return m.Part, err
	})
}
