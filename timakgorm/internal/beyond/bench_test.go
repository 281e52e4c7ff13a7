package beyond_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// posts is how many memos each author has.
const posts = 200

// BenchmarkHome reads the first 20 items of a home feed: a page of a timeline on boltstore,
// one past its end, and the best SQL for the same page, a lateral join over an index
// (author_id, created_at DESC, id).
func BenchmarkHome(b *testing.B) {
	for _, authors := range []int{50, 500, 2000} {
		w := homes(b, authors)
		first, err := w.Plugin.Page(b.Context(), "regular:1", timak.Query{})
		w.Must(err)
		b.Run(fmt.Sprintf("followed=%d/timeline", authors), func(b *testing.B) {
			for b.Loop() {
				page, err := w.Plugin.Page(b.Context(), "regular:1", timak.Query{})
				if err != nil || len(page.Items) != 20 || page.Beyond > 0 {
					b.Fatalf("got %d items, %d from the tables, %v", len(page.Items), page.Beyond, err)
				}
			}
		})
		b.Run(fmt.Sprintf("followed=%d/beyond", authors), func(b *testing.B) {
			deep := timak.Query{Cursor: first.Next}
			for range 60 { // past the 1,000th
				page, err := w.Plugin.Page(b.Context(), "regular:1", deep)
				w.Must(err)
				deep.Cursor = page.Next
			}
			for b.Loop() {
				page, err := w.Plugin.Page(b.Context(), "regular:1", deep)
				if err != nil || len(page.Items) != 20 || page.Beyond != 20 {
					b.Fatalf("got %d items, %d from the tables, %v", len(page.Items), page.Beyond, err)
				}
			}
		})
		b.Run(fmt.Sprintf("followed=%d/sql", authors), func(b *testing.B) { queryHome(b, w) })
	}
}

// homes is a reader who follows so many authors.
func homes(b *testing.B, authors int) *world.World {
	b.Helper()
	store, err := boltstore.Open(filepath.Join(b.TempDir(), "timelines.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	models := []any{&Memo{}, &Regular{}}
	w := world.New(b, world.Setup{Dialect: "postgres", Models: models, Tracked: models, Store: store})
	plain := world.OpenDSN(b, "postgres", w.DSN, nil)
	w.Must(plain.Exec("CREATE INDEX ON memos (author_id, created_at DESC, id)").Error)
	w.Must(plain.Exec(`INSERT INTO memos (id, author_id, created_at)
		SELECT n, n % ?, timestamptz '2020-01-01' + n * interval '1 second' FROM generate_series(1, ?) n`, authors, authors*posts).Error)
	w.Must(plain.Exec("INSERT INTO regulars SELECT 1, n FROM generate_series(0, ?) n", authors-1).Error)
	w.Must(plain.Exec("ANALYZE memos; ANALYZE regulars").Error)
	_, err = w.Plugin.Rebuild(b.Context(), timakgorm.RebuildOptions{Keys: []string{"regular:1"}})
	w.Must(err)
	return w
}

// queryHome reads the same page by SQL.
func queryHome(b *testing.B, w *world.World) {
	b.Helper()
	db, err := w.DB.DB()
	w.Must(err)
	statement, err := db.PrepareContext(b.Context(), `SELECT m.id, m.author_id, m.created_at FROM regulars r
		CROSS JOIN LATERAL (SELECT * FROM memos WHERE author_id = r.author_id ORDER BY created_at DESC, id DESC LIMIT 20) m
		WHERE r.reader_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT 20`)
	w.Must(err)
	defer func() { w.Must(statement.Close()) }()
	for b.Loop() {
		rows, err := statement.QueryContext(b.Context(), 1)
		w.Must(err)
		n := 0
		for rows.Next() {
			var id, author uint
			var at time.Time
			w.Must(rows.Scan(&id, &author, &at))
			n++
		}
		w.Must(rows.Close())
		if w.Must(rows.Err()); n != 20 {
			b.Fatalf("got %d rows", n)
		}
	}
}
