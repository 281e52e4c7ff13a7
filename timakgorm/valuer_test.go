package timakgorm_test

import (
	"context"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// asking is a value that asks for the pool when it is written.
type asking struct{ err *error }

// GormValue implements gorm.Valuer.
func (a asking) GormValue(_ context.Context, db *gorm.DB) clause.Expr {
	_, *a.err = db.DB()
	return gorm.Expr("?", "asked")
}

// TestValuer: a value that is made while a statement is followed finds the
// database as it would without the plugin.
func TestValuer(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {SkipDefaultTransaction: true}, {PrepareStmt: true}} {
			w := world.New(t, world.Setup{Dialect: dialect, Config: &config})
			w.Seed()
			for _, column := range []string{"title", "body"} {
				var asked error
				w.Must(w.DB.Model(&world.Post{ID: 10}).Updates(map[string]any{column: asking{&asked}}).Error)
				if asked != nil {
					t.Errorf("%s: db.DB(): %v", column, asked)
				}
			}
			w.Check()
		}
	})
}
