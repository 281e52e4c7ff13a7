package timakgorm

import (
	"context"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/triggers"
)

// InstallTriggers creates the triggers of all tracked tables in the database, in
// one transaction, and replaces outdated ones. Where they are current it does
// nothing. Any number of processes may call it at the same time. It needs timak's
// own tables (Migrate) and the tracked tables, which the role must own, and it
// locks each table whose triggers it changes. db may be a transaction, and need
// not be the database that the plugin is in use with.
//
// Triggers of tables that are no longer tracked stay: see DropTriggers.
//
// Postgres must be version 13 or later. The triggers run with the rights of the
// role that installs them, which must be able to see all rows of the table; roles
// that write the table need no other rights. Triggers look rows up by their
// primary key, which needs an index. They do not fire while
// session_replication_role is replica. They change what lastval() returns.
// SERIALIZABLE transactions may have to be retried more often. TRUNCATE is
// refused in a transaction above READ COMMITTED, which does not see all rows that
// it removes. Writes of other programs that name a partition, or a table that
// inherits from the tracked one, are followed for those that exist at the call:
// call it again when there are new ones.
//
// SQLite must have JSON functions: version 3.38, or one from 3.31 on built with
// them. INSERT OR REPLACE and UPDATE OR REPLACE are followed over the primary key
// and the unique columns and indexes that the model declares; over others only
// with PRAGMA recursive_triggers. If a rule or a unique index names a generated column,
// its field must be read-only: gorm:"->".
func (p *Plugin) InstallTriggers(ctx context.Context, db *gorm.DB) error {
	return p.watchOf().Install(ctx, db)
}

// DropTriggers removes all of timak's triggers, including those of tables that
// are no longer tracked, and on SQLite what only they need. If you call it before
// InstallTriggers in one transaction, only the triggers of today's rules remain.
func (p *Plugin) DropTriggers(ctx context.Context, db *gorm.DB) error {
	return p.watchOf().Drop(ctx, db)
}

// TriggerSQL returns the SQL that InstallTriggers would run on an empty database
// of a dialect, "postgres" or "sqlite", for use with a migration tool. It
// replaces older triggers of the same tables. Call db.Use(plugin) first: tables
// and columns are named as in that database, which may be of the other dialect.
func (p *Plugin) TriggerSQL(dialect string) (string, error) {
	return p.triggerSQL(dialect, (*triggers.Watch).UpSQL)
}

// TriggerDownSQL returns the SQL that undoes TriggerSQL, except that on SQLite it
// keeps tables of timak's that triggers of other tables may need.
func (p *Plugin) TriggerDownSQL(dialect string) (string, error) {
	return p.triggerSQL(dialect, (*triggers.Watch).DownSQL)
}

func (p *Plugin) triggerSQL(name string, script func(*triggers.Watch, string, *gorm.DB) (string, error)) (string, error) {
	if _, err := dialect.Of(name); err != nil {
		return "", err
	}
	if p.db == nil {
		return "", errNotInUse
	}
	return script(p.watch, name, p.db)
}

// watchOf returns the watch of the triggers, even if the plugin is not in use.
func (p *Plugin) watchOf() *triggers.Watch {
	if p.watch != nil {
		return p.watch
	}
	none := &dialect.Tables{}
	return triggers.New(none, session.New(none, session.Options{}), triggers.Options{Models: p.models})
}
