package audit

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/relay"
)

type leaf struct {
	ID   uint
	Tree string

	_ model.Timeline `timak:"key=tree:{Tree}; id={Tree}; date=ID"`
}

func (leaf) TableName() string { return "leaves" }

// Errors name the package once, whether there is no pool, or no table.
func TestErrors_nameOnce(t *testing.T) {
	t.Parallel()
	m, err := model.Compile(model.Declared{Value: &leaf{}}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	ts, err := dialect.NewTables(dialect.SQLite, []*model.Model{m}, func(name string) string { return `"` + name + `"` })
	if err != nil {
		t.Fatal(err)
	}
	empty, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	unused := errors.New("timakgorm: the plugin is not in use")
	const noTable = "SQL logic error: no such table: leaves (1)"
	const isOak = "tree = 'oak'"
	leaves := part{table: ts.Sorted()[0], conditions: []condition{{where: isOak}}}
	oak := contents{key: "tree:oak", parts: []part{leaves}}
	for name, call := range map[string]struct {
		run  func(context.Context, *Audit) error
		want string
	}{
		"rows": {
			func(ctx context.Context, a *Audit) error {
				return a.rows(ctx, oak, func(row) error { return nil })
			}, "timakgorm: read leaves: " + noTable,
		},
		"readable": {
			func(ctx context.Context, a *Audit) error {
				_, err := a.readable(ctx, leaves)
				return err
			}, "timakgorm: read leaves: " + noTable,
		},
		"scan": {
			func(ctx context.Context, a *Audit) error {
				return a.scan(ctx, oak, []scan{{&suspect{}, leaves.table, isOak, nil}}, nil)
			}, "timakgorm: read leaves: " + noTable,
		},
		"count": {
			func(ctx context.Context, a *Audit) error {
				_, err := a.countOf(ctx, leaves)
				return err
			}, "timakgorm: count rows of leaves: " + noTable,
		},
	} {
		for _, pool := range []struct {
			open func() (*sql.DB, error)
			want string
		}{
			{func() (*sql.DB, error) { return nil, unused }, unused.Error()},
			{empty.DB, call.want},
		} {
			a := &Audit{tables: ts, relay: relay.New(timak.New(memstore.New(), nil), ts, nil, relay.Options{DB: pool.open})}
			if err := call.run(t.Context(), a); err == nil || err.Error() != pool.want {
				t.Errorf("%s:\ngot  %v\nwant %s", name, err, pool.want)
			}
		}
	}
}
