package guard

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// RegisterByteKeys has it said why a write failed whose row has bytes in its
// primary key: SQLite takes them in any column, makes no JSON of them, and a text
// finds no such row again.
func (g *Guard) RegisterByteKeys(db *gorm.DB) error {
	if g.tables.Dialect.Name != dialect.SQLite.Name {
		return nil
	}
	explain := func(db *gorm.DB) {
		if isByteKey(db.Error) && g.writes(db) {
			db.Error = ExplainByteKey(db.Error)
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
func (g *Guard) writes(db *gorm.DB) bool {
	if g.tables.Named(db.Statement.Table) != nil {
		return true
	}
	text, may := statement.TextWith(db, sqltext.Writing)
	return may && statement.WrittenBy(g.tables, text) != ""
}

func isByteKey(err error) bool {
	return err != nil && strings.Contains(err.Error(), "JSON cannot hold BLOB")
}

// ExplainByteKey adds to an error of SQLite's about a tracked table what to do.
// Columns beside the primary key may hold bytes.
func ExplainByteKey(err error) error {
	const explained = "timakgorm: a row's primary key is bytes, by which nobody finds it again: write it as a text"
	if !isByteKey(err) || strings.Contains(err.Error(), explained) {
		return err
	}
	return fmt.Errorf("%s: %w", explained, err)
}
