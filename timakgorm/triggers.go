package timakgorm

import (
	"context"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/triggers"
)

// InstallTriggers puts the triggers of all tracked tables into the database, in
// one transaction, in place of outdated ones; it does nothing where they are
// current. Any number of processes may call it at the same time. It needs
// timak's own tables (Migrate) and the tracked ones, whose owner the role has to
// be, and takes a lock on a table for the moment of changing its triggers. db
// may be a transaction, and need not be the one that the plugin is in use with.
//
// Triggers of tables that are no longer tracked stay: see DropTriggers.
//
// Postgres must be of version 13 or later. The triggers run with the rights of
// the role that installs them, which has to see all rows of the table; those who
// write it need no others. They look rows up by their primary key, which needs an
// index. They do not fire for a session_replication_role of replica; lastval() is
// another after them; SERIALIZABLE transactions may have to be tried again more
// often. TRUNCATE is refused in a transaction of more than READ COMMITTED, which
// does not see all rows that it removes. Writes of other programs that name a
// partition, or a table that inherits from the tracked one, are followed for those
// which are there at the call: call it again when there are new ones.
//
// SQLite must have JSON functions: version 3.38, or one from 3.31 on built with
// them. INSERT OR REPLACE and UPDATE OR REPLACE are followed over the primary
// key and the unique columns and indexes that the model declares; over others
// only with PRAGMA recursive_triggers.
func (p *Plugin) InstallTriggers(ctx context.Context, db *gorm.DB) error {
	return p.watchOf().Install(ctx, db)
}

// DropTriggers takes all of timak's triggers away again, those of tables that
// are no longer tracked too, and on SQLite what they alone need. Called before
// InstallTriggers in one transaction it leaves only those of today's rules.
func (p *Plugin) DropTriggers(ctx context.Context, db *gorm.DB) error {
	return p.watchOf().Drop(ctx, db)
}

// TriggerSQL returns what InstallTriggers would run on an empty database of a
// dialect, "postgres" or "sqlite", for those who have a migration tool of their
// own; it replaces older triggers of the same tables. Call db.Use(plugin) first:
// tables and columns are named as in that database, which may be of the other
// dialect.
func (p *Plugin) TriggerSQL(dialect string) (string, error) {
	return p.triggerSQL(dialect, (*triggers.Watch).UpSQL)
}

// TriggerDownSQL returns what undoes TriggerSQL, but for tables of timak's on
// SQLite that triggers of other tables may need.
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

// watchOf returns the watch of the triggers, of a plugin that is not in use too.
func (p *Plugin) watchOf() *triggers.Watch {
	if p.watch != nil {
		return p.watch
	}
	none := &dialect.Tables{}
	return triggers.New(none, session.New(none, session.Options{}), triggers.Options{Models: p.models})
}
