package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// modifier returns what a statement does about conflicts, such as OR REPLACE: what it
// says itself, or else what its table's definition says.
func (c *capture) modifier(ctx context.Context, said string) (string, error) {
	said = strings.ToUpper(strings.TrimSpace(said))
	if said != "" || c.hooks.tables.Dialect.Name != dialect.SQLite.Name {
		return said, nil
	}
	name := c.target.Table.Model.Table
	return c.hooks.resolves.Of(name, c.hooks.sessions.SchemaOf(c.ConnPool), func() (string, error) {
		var text string
		err := c.ConnPool.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", sqltext.Unqualified(name)).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("timakgorm: schema of %s: %w", name, err)
		}
		switch found := strings.ToUpper(strings.Join(sqltext.OnConflict.FindAllString(text, -1), " ")); {
		case found == "":
			return "", nil
		case strings.Contains(found, "FAIL"):
			return "OR FAIL", nil
		default:
			return "OR REPLACE", nil
		}
	})
}
