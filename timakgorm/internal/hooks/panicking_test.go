package hooks_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// touchy panics when GORM fills it in.
type touchy string

// Scan implements schema.SerializerInterface.
func (*touchy) Scan(context.Context, *schema.Field, reflect.Value, any) error {
	panic("a value of the user's")
}

// Value implements schema.SerializerInterface.
func (touchy) Value(context.Context, *schema.Field, reflect.Value, any) (any, error) {
	return "short", nil
}

// Firework has a column that a create reads back.
type Firework struct {
	ID        uint
	Show      int
	Fuse      touchy `gorm:"type:text;default:(upper('short'))"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=show:{Show}"`
}

// TestPanicInsideStatement: a value of the user's that panics leaves no
// transaction of ours open, and nothing half done.
func TestPanicInsideStatement(t *testing.T) {
	t.Parallel()
	statements := map[string]func(db *gorm.DB) error{
		"create": func(db *gorm.DB) error { return db.Create(&Firework{Show: 1}).Error },
		"query": func(db *gorm.DB) error {
			return db.Raw("INSERT INTO fireworks (show) VALUES (1) RETURNING *").Find(&Firework{}).Error
		},
	}
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		for _, deliver := range []*timakgorm.Options{{}, world.OnCommit()} {
			for _, prepared := range []bool{false, true} {
				w := world.NewBy(t, by, world.Setup{
					Dialect: dialect, Config: &gorm.Config{SkipDefaultTransaction: true, PrepareStmt: prepared}, Options: deliver,
					Models: []any{&Firework{}}, Tracked: []any{&Firework{}},
				})
				pool, err := w.DB.DB()
				w.Must(err)
				pool.SetMaxOpenConns(1)
				for name, statement := range statements {
					if name == "query" && by == timakgorm.Callbacks { // which refuse it
						continue
					}
					if err := world.Panics(func() error { return statement(w.DB) }); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
					defer cancel()
					if err := pool.PingContext(ctx); err != nil {
						t.Fatalf("%s: the connection is not given back: %v", name, err)
					}
					if n, changes := w.Count("fireworks"), w.Outbox(); n != changes {
						t.Errorf("%s: %d rows and %d changes", name, n, changes)
					}
				}
			}
		}
	})
}
