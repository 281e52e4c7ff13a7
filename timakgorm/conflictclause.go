package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// onConflict is what a column or an index of SQLite may say in the table's
// schema: as INSERT and UPDATE OR REPLACE, or OR FAIL, do.
var onConflict = regexp.MustCompile(`(?i)\bON\s+CONFLICT\s+(REPLACE|FAIL)\b`)

// modifier returns what a statement does about conflicts: what it says itself,
// or else its table.
func (c *capture) modifier(ctx context.Context, said string) (string, error) {
	said = strings.ToUpper(strings.TrimSpace(said))
	if said != "" || c.plugin.dialect.name != sqlite.name {
		return said, nil
	}
	name := c.target.table.model.table
	return c.plugin.resolves.of(name, c.plugin.schemaOf(c.ConnPool), func() (string, error) {
		var text string
		err := c.ConnPool.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", unqualified(name)).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("timakgorm: schema of %s: %w", name, err)
		}
		switch found := strings.ToUpper(strings.Join(onConflict.FindAllString(text, -1), " ")); {
		case found == "":
			return "", nil
		case strings.Contains(found, "FAIL"):
			return "OR FAIL", nil
		default:
			return "OR REPLACE", nil
		}
	})
}
