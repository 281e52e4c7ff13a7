package timakgorm

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// registerByteKeys has it said why a write failed whose row has bytes in its
// primary key: SQLite takes them in any column, makes no JSON of them, and a text
// finds no such row again.
func (p *Plugin) registerByteKeys(db *gorm.DB) error {
	if p.dialect.name != sqlite.name {
		return nil
	}
	explain := func(db *gorm.DB) {
		if isByteKey(db.Error) && p.writes(db) {
			db.Error = explainByteKey(db.Error)
		}
	}
	on := db.Callback()
	return errors.Join(
		on.Create().After("gorm:create").Before("gorm:save_after_associations").Register("timak:byte_key_create", explain),
		on.Update().After("gorm:update").Before("gorm:save_after_associations").Register("timak:byte_key_update", explain),
		on.Delete().After("gorm:delete").Before("gorm:after_delete").Register("timak:byte_key_delete", explain),
		on.Raw().After("gorm:raw").Register("timak:byte_key_raw", explain),
		on.Row().After("gorm:row").Register("timak:byte_key_row", explain),
		on.Query().After("gorm:query").Register("timak:byte_key_query", explain),
	)
}

// writes reports whether a statement writes a tracked table.
func (p *Plugin) writes(db *gorm.DB) bool {
	if p.named(db.Statement.Table) != nil {
		return true
	}
	text, may := textWith(db, writing)
	return may && p.writtenBy(text) != ""
}

func isByteKey(err error) bool {
	return err != nil && strings.Contains(err.Error(), "JSON cannot hold BLOB")
}

// explainByteKey adds to an error of SQLite's about a tracked table what to do.
// Columns beside the primary key may hold bytes.
func explainByteKey(err error) error {
	const explained = "timakgorm: a row's primary key is bytes, by which nobody finds it again: write it as a text"
	if !isByteKey(err) || strings.Contains(err.Error(), explained) {
		return err
	}
	return fmt.Errorf("%s: %w", explained, err)
}
