package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"
)

// On Postgres a row may be written by the name of a partition, or of a table
// that inherits from the tracked one. Neither callbacks nor triggers would see
// it, so it is refused, and the tracked table is to be named. The same goes for
// views, which triggers see through.

// postgresName is a table's name as Postgres takes it, with its schema or
// without.
var postgresName = regexp.MustCompile(`^(?:(?:"(?:[^"]|"")+"|[\pL_][\pL\pM\pN_$]*)(?:\.|$)){1,2}$`)

// registerPartitions has writes looked at that name a partition.
func (p *Plugin) registerPartitions(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Create().Before("gorm:create").Register("timak:partition_create", guarded(p.refusePartition(create))),
		on.Update().Before("gorm:update").Register("timak:partition_update", guarded(p.refusePartition(update))),
		on.Delete().Before("gorm:delete").Register("timak:partition_delete", guarded(p.refusePartition(remove))),
		on.Raw().Before("gorm:raw").Register("timak:partition_raw", guarded(p.refuseRawPartition)),
		on.Raw().Before("gorm:raw").Register("timak:warn_ddl", guarded(p.warnOfDDL)),
		on.Row().Before("gorm:row").Register("timak:partition_row", guarded(p.refuseRawPartition)),
		on.Query().Before("gorm:query").Register("timak:partition_query", guarded(p.refuseRawPartition)),
	)
}

func (p *Plugin) refusePartition(v verb) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		st := db.Statement
		if db.Error != nil || db.DryRun {
			return nil
		}
		if st.SQL.Len() > 0 {
			return p.refuseRawPartition(db)
		}
		name := writtenName(st, v)
		parent, err := p.partOf(st.Context, st.ConnPool, name)
		if parent == "" || err != nil || followedIn(db, parent) {
			return err
		}
		return fmt.Errorf("timakgorm: %s of %s: %w: it is a part or a view of %s: name that", v, unquoted(name), ErrUncaptured, parent)
	}
}

// writtenName is the name of the table that a statement writes, as it writes it.
func writtenName(st *gorm.Statement, v verb) string {
	said := tableSaid(st, v)
	if st.TableExpr == nil && said == current {
		return quoteName(st.Table)
	}
	text := scratch(st)
	said.Build(text)
	words := afterWord(sqlWords(text.SQL.String()), "only", 1)
	_, rest := tableName(words)
	return strings.Join(words[:len(words)-len(rest)], "")
}

func (p *Plugin) refuseRawPartition(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	part, parent, err := p.partWritten(st, text)
	switch {
	case parent == "" || err != nil || followedIn(db, parent):
		return err
	case p.opts.RawSQL == WarnRaw:
		p.opts.Logger.WarnContext(st.Context, "timak: raw SQL writes a part or a view of a tracked table; its timelines do not follow",
			"table", parent, "part", part)
		return nil
	default:
		return fmt.Errorf("timakgorm: raw SQL writes %s: %w: it is a part or a view of %s: name that", part, ErrUncaptured, parent)
	}
}

// partWritten returns the first part of a tracked table that SQL of the user's
// writes, and that table; "" if there is none.
func (p *Plugin) partWritten(st *gorm.Statement, text sqlText) (part, parent string, err error) {
	names := text.targets()
	if hasWord(text.loose, loosely...) {
		names = append(names, text.loose...)
	}
	for _, name := range names {
		if parent, err := p.partOf(st.Context, st.ConnPool, name); parent != "" || err != nil {
			return name, parent, err
		}
	}
	return "", "", nil
}

// partOf returns the tracked table that a table, named as it is written, is a
// part or a view of; "" if there is none.
func (p *Plugin) partOf(ctx context.Context, pool gorm.ConnPool, name string) (string, error) {
	return p.parents.of(name, p.namesOf(pool), func() (string, error) {
		if p.opts.Capture == Callbacks && p.named(unquoted(name)) != nil || !postgresName.MatchString(name) {
			return "", nil
		}
		m, err := p.meaningOf(ctx, pool, name)
		if m.is != "" {
			return "", err
		}
		return m.part, err
	})
}
