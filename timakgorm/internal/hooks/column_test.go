package hooks_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// rawColumn is a column that is written as it stands.
func rawColumn(name string) clause.Column { return clause.Column{Name: name, Raw: true} }

// TestRawColumns: a column may be assigned to by a name that GORM writes as it
// stands, quoted or in a row of several. What it names is seen all the same.
func TestRawColumns(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) clause.Set { return clause.Set{{Column: rawColumn(name), Value: value}} }
	cases := []struct {
		name, only string
		set        clause.Set
	}{
		{"a quoted key", "", set(`"id"`, 77)},
		{"a key in another case", "", set(`ID`, 77)},
		{"GORM's own name of the key", "", clause.Set{{Column: clause.Column{Name: clause.PrimaryKey}, Value: 77}}},
		{"a row with the key", "", set("(id, title)", gorm.Expr("(SELECT 77, 'x')"))},
		{"a row with the key, quoted", "", set(`("title", /* , */ "id")`, gorm.Expr("(SELECT 'x', 77)"))},
		{"a name with escapes", "postgres", set(`U&"\0069d"`, 77)},
		{"the number of the row", "sqlite", set("[rowid]", 77)},
		{"a column of the image", "", set(`"author_id"`, 2)},
		{"a row with columns of the image", "", set("(body, published)", gorm.Expr("(SELECT 'x', false)"))},
		{"what hides a row", "", set("(deleted_at, body)", gorm.Expr("(SELECT created_at, 'x' FROM posts p WHERE p.id = 10)"))},
		{"a column beside the image", "", set(`"body"`, "new")},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, c := range cases {
			if c.only != "" && c.only != dialect {
				continue
			}
			w := world.New(t, world.Setup{Dialect: dialect})
			w.Seed()
			w.Check()
			if got := w.DB.Model(&world.Post{}).Where("id = 10").Clauses(c.set).Updates(map[string]any{}); got.Error != nil || got.RowsAffected != 1 {
				t.Errorf("%s: %d rows, %v; want 1", c.name, got.RowsAffected, got.Error)
			}
			for _, difference := range w.Differences(w.DB) {
				t.Errorf("%s: %s", c.name, difference)
			}
		}
	})
}

// TestRawColumns_generics: the same by the generic interface.
func TestRawColumns_generics(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		n, err := gorm.G[world.Post](w.DB).Where("id = 10").Set(clause.Assignment{Column: rawColumn(`"id"`), Value: 77}).Update(t.Context())
		if n != 1 || err != nil {
			t.Errorf("got %d rows, %v; want 1", n, err)
		}
		w.Check()
	})
}

// TestRawColumns_many: the primary keys of more rows than are taken out.
func TestRawColumns_many(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Page{}}, Tracked: []any{&Page{}}})
		pages := make([]Page, 300)
		for i := range pages {
			pages[i] = Page{Book: "b", Number: i, Title: fmt.Sprint(i), CreatedAt: world.At(i)}
		}
		w.Must(w.DB.CreateInBatches(pages, 100).Error)
		w.Must(w.DB.Model(&Page{}).Where("1 = 1").Clauses(clause.Set{{Column: rawColumn(`"number"`), Value: gorm.Expr("number + 1000")}}).Updates(map[string]any{}).Error)
		w.Drain()
		w.WantDifferences()
	})
}

// TestRawColumns_upsert: an upsert that sets the primary key in this way.
func TestRawColumns_upsert(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		up := world.OnConflict("id")
		up.DoUpdates = clause.Set{{Column: rawColumn(`"id"`), Value: 77}, {Column: rawColumn("title"), Value: "x"}}
		w.Must(w.DB.Clauses(up).Create(&world.Post{ID: 10, AuthorID: 1}).Error)
		w.Check()
	})
}
