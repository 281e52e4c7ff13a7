package triggers

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// mayBeGenerated reports whether the database may compute a field's column. GORM would
// fail to write it otherwise, and SQLite allows none in a primary key.
func mayBeGenerated(field *schema.Field) bool {
	return !field.Creatable && !field.Updatable && !field.PrimaryKey
}

// generatedColumns asks SQLite for the generated columns of a table.
const generatedColumns = "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden IN (2, 3)"

// checkGenerated returns model.ErrColumns if SQLite computes a column that the triggers
// expect to change only in updates that set it.
func (s triggerSet) checkGenerated(ctx context.Context, pool gorm.ConnPool) error {
	if len(s.listed) == 0 {
		return nil
	}
	var wrong error
	err := dialect.EachRow(ctx, pool, generatedColumns, []any{sqltext.Unqualified(s.table)}, func(rows *sql.Rows) error {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		i := slices.IndexFunc(s.listed, func(field *schema.Field) bool { return sqltext.SameName(field.DBName, name) })
		if i >= 0 {
			wrong = fmt.Errorf("timakgorm: %s: field %s: column %q is generated: %w the field to be read-only: tag it gorm:\"->\"",
				s.model.Schema.Name, s.listed[i].Name, name, model.ErrColumns)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("timakgorm: generated columns of %s: %w", s.table, err)
	}
	return wrong
}
