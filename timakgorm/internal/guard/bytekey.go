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

// RegisterByteKeys registers callbacks that explain the error of a write whose row
// has bytes in its primary key. SQLite takes bytes in any column, but makes no JSON
// of them, and their text does not find the row again.
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

// ExplainByteKey adds what to do to SQLite's error about bytes in the primary key of
// a tracked table. It returns any other error as it is. Other columns may hold bytes.
func ExplainByteKey(err error) error {
	const explained = "a row's primary key is bytes, by which it cannot be found again: write the key as text"
	switch {
	case !isByteKey(err) || strings.Contains(err.Error(), explained):
		return err
	case strings.HasPrefix(err.Error(), "timakgorm: "):
		return fmt.Errorf("%w: %s", err, explained)
	default:
		return fmt.Errorf("timakgorm: %w: %s", err, explained)
	}
}
