package relay

import (
	"strings"
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Errors name the package once.
func TestRecordAnew_noOutbox(t *testing.T) {
	t.Parallel()
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(model.Declared{Value: &leaf{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	ts, err := dialect.NewTables(dialect.SQLite, []*model.Model{m}, func(name string) string { return `"` + name + `"` })
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{tables: ts, opts: Options{DB: db.DB}}
	f := r.fold([]outbox.RowChange{changeOf(1, 1, nil, &leaf{ID: 1, Tree: "oak", Name: "a"})})
	_, failed := r.recordAnew(t.Context(), f)
	const want = "timakgorm: outbox of leaves (did timakgorm.Migrate run?): "
	if got := failed[f[0]]; got == nil || !strings.HasPrefix(got.Error(), want) || strings.Count(got.Error(), "timakgorm: ") != 1 {
		t.Errorf("got %v, want %s…", got, want)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	_, failed = r.recordAnew(t.Context(), f)
	if got := failed[f[0]]; got == nil || got.Error() != "timakgorm: record leaves anew: sql: database is closed" {
		t.Errorf("a closed pool: got %v", got)
	}
}
