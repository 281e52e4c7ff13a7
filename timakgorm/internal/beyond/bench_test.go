package beyond_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// posts is how many memos each author has.
const posts = 200

const homeKey = "regular:1"

// BenchmarkHome reads 20 items of a home feed by Plugin.Page, on boltstore and Postgres: the
// first ones, and the first ones past the end of the timeline. The baseline is the best SQL
// for the same page: a lateral join over an index (author_id, created_at DESC, id DESC). The
// two take turns.
func BenchmarkHome(b *testing.B) {
	for _, authors := range []int{50, 500, 2000} {
		w := homes(b, authors)
		first := timak.Query{}
		b.Run(fmt.Sprintf("%d/first_page", authors), func(b *testing.B) { againstSQL(b, w, first, 0) })
		b.Run(fmt.Sprintf("%d/past_the_end", authors), func(b *testing.B) { againstSQL(b, w, pastTheEnd(w), 20) })
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
	w.Must(plain.Exec("CREATE INDEX ON memos (author_id, created_at DESC, id DESC)").Error)
	w.Must(plain.Exec(`INSERT INTO memos (id, author_id, created_at)
		SELECT n, n % ?, timestamptz '2020-01-01' + n * interval '1 second' FROM generate_series(1, ?) n`, authors, authors*posts).Error)
	w.Must(plain.Exec("INSERT INTO regulars SELECT 1, n FROM generate_series(0, ?) n", authors-1).Error)
	w.Must(plain.Exec("ANALYZE memos; ANALYZE regulars").Error)
	_, err = w.Plugin.Rebuild(b.Context(), timakgorm.RebuildOptions{Keys: []string{homeKey}})
	w.Must(err)
	return w
}

// pastTheEnd is the query for the first page past the end.
func pastTheEnd(w *world.World) timak.Query {
	w.Helper()
	query := timak.Query{Limit: 1000}
	page, err := w.Plugin.Page(w.Context(), homeKey, query)
	w.Must(err)
	return timak.Query{Cursor: page.Next}
}

// againstSQL reads a page in turns with SQL, and reports the median time of both. So many
// of its items come from the tables.
func againstSQL(b *testing.B, w *world.World, query timak.Query, beyond int) {
	var want []string
	page := func() {
		page, err := w.Plugin.Page(b.Context(), homeKey, query)
		if w.Must(err); len(page.Items) != 20 || page.Beyond != beyond {
			b.Fatalf("got %d items, %d of them from the tables, want 20 and %d", len(page.Items), page.Beyond, beyond)
		}
		want = want[:0]
		for _, item := range page.Items {
			want = append(want, strings.TrimPrefix(item.ID, "memos:"))
		}
	}
	page()
	bySQL := homeBySQL(b, w, want[0])
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, timed(page))
		var got []string
		theirs = append(theirs, timed(func() { got = bySQL() }))
		if !slices.Equal(got, want) {
			b.Fatalf("got %v, by SQL %v", want, got)
		}
	}
	b.ReportMetric(float64(median(ours).Microseconds()), "µs/page")
	b.ReportMetric(float64(median(theirs).Microseconds()), "µs/sql")
	b.ReportMetric(float64(median(theirs))/float64(median(ours)), "x-faster")
	b.ReportMetric(0, "ns/op")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// homeBySQL returns a function that reads the page which begins with a memo.
func homeBySQL(b *testing.B, w *world.World, first string) (ids func() []string) {
	b.Helper()
	db, err := w.DB.DB()
	w.Must(err)
	var at time.Time
	w.Must(w.DB.Raw("SELECT created_at FROM memos WHERE id = ?", first).Scan(&at).Error)
	statement, err := db.PrepareContext(b.Context(), `SELECT m.id, m.author_id, m.created_at FROM regulars r
		CROSS JOIN LATERAL (SELECT * FROM memos WHERE author_id = r.author_id AND (created_at, id) <= ($2, $3)
			ORDER BY created_at DESC, id DESC LIMIT 20) m
		WHERE r.reader_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT 20`)
	w.Must(err)
	b.Cleanup(func() { _ = statement.Close() })
	return func() (ids []string) {
		rows, err := statement.QueryContext(b.Context(), 1, at, first)
		w.Must(err)
		defer func() { w.Must(rows.Close()) }()
		for rows.Next() {
			var id, author uint
			var at time.Time
			w.Must(rows.Scan(&id, &author, &at))
			ids = append(ids, fmt.Sprint(id))
		}
		w.Must(rows.Err())
		return ids
	}
}
