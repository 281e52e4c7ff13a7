package timakgorm_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm"
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
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		for _, deliver := range []*timakgorm.Options{{}, onCommit()} {
			for _, prepared := range []bool{false, true} {
				w := worldBy(t, by, setup{
					dialect: dialect, config: &gorm.Config{SkipDefaultTransaction: true, PrepareStmt: prepared}, options: deliver,
					models: []any{&Firework{}}, tracked: []any{&Firework{}},
				})
				pool, err := w.db.DB()
				w.must(err)
				pool.SetMaxOpenConns(1)
				for name, statement := range statements {
					if name == "query" && by == timakgorm.Callbacks { // which refuse it
						continue
					}
					if err := panics(func() error { return statement(w.db) }); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					if err := pool.PingContext(ctx); err != nil {
						t.Fatalf("%s: the connection is not given back: %v", name, err)
					}
					if n, changes := w.count("fireworks"), w.outbox(); n != changes {
						t.Errorf("%s: %d rows and %d changes", name, n, changes)
					}
				}
			}
		}
	})
}
