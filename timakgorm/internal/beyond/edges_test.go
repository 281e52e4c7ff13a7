package beyond_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Sipper subscribes to the first paper of an author, and what comes then.
type Sipper struct {
	ReaderID uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=papers; key=sipper:{ReaderID}; source=author:{AuthorID}; copy=1"`
}

// TestPage_firstTooLong: if the only row that a subscription brings is one that no timeline
// can hold, those of the same date come from the table.
func TestPage_firstTooLong(t *testing.T) {
	t.Parallel()
	for _, order := range []timak.Order{timak.NewestFirst, timak.OldestFirst} {
		models := []any{&Paper{}, &Scholar{}, &Sipper{}}
		w := world.New(t, world.Setup{Dialect: "sqlite", Models: models, Tracked: models, Engine: &timak.Options{Order: order}})
		w.Must(w.DB.Create(&[]Paper{{Name: "a", AuthorID: 1, CreatedAt: world.At(1)}, {Name: "A" + strings.Repeat("b", 600), AuthorID: 1, CreatedAt: world.At(1)}}).Error)
		w.Must(w.DB.Create(&[]Paper{{Name: "z", AuthorID: 1, CreatedAt: world.At(1)}, {Name: "z" + strings.Repeat("z", 600), AuthorID: 1, CreatedAt: world.At(1)}}).Error)
		w.Drain()
		w.Must(w.DB.Create(&Sipper{ReaderID: 1, AuthorID: 1}).Error)
		w.Drain()
		want := []string{"papers:z", "papers:a"}
		if order == timak.OldestFirst {
			want = []string{"papers:a", "papers:z"}
		}
		wantOrder(w, "sipper:1", want...)
	}
}

// TestPage_cleared: what one batch takes from a full timeline makes room for what it brings,
// in whatever order they were committed.
func TestPage_cleared(t *testing.T) {
	t.Parallel()
	models := []any{&Memo{}, &Regular{}}
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: models, Tracked: models})
	var memos []Memo
	for author, date := range []int{-3000, 0, 5000} {
		for n := range 1100 {
			memos = append(memos, Memo{ID: uint(10_000*author + n + 1), AuthorID: uint(author), CreatedAt: world.At(date + n)})
		}
	}
	w.Must(w.DB.CreateInBatches(&memos, 400).Error)
	w.Must(w.DB.Create(&Regular{ReaderID: 1, AuthorID: 2}).Error)
	w.Drain()
	w.Must(w.DB.Create(&Regular{ReaderID: 1, AuthorID: 1}).Error)
	w.Must(w.DB.Create(&Regular{ReaderID: 1, AuthorID: 0}).Error)
	w.Must(w.DB.Delete(&Regular{ReaderID: 1, AuthorID: 2}).Error)
	w.Drain()
	ids := w.IDs("regular:1")
	if len(ids) != 1000 || ids[0] != "memos:11100" || ids[999] != "memos:10101" {
		t.Errorf("got %d items, want the 1,000 newest of author 1", len(ids))
	}
}

// TestPage_farDates: a cursor may name any date, and reads no more rows than another.
func TestPage_farDates(t *testing.T) {
	t.Parallel()
	w := notes(t, "postgres", timak.NewestFirst)
	w.OneConnection()
	plain := world.OpenDSN(t, "postgres", w.DSN, nil)
	w.Must(plain.Exec("CREATE INDEX ON notes (author_id, created_at)").Error)
	w.Must(plain.Exec(`INSERT INTO notes (id, author_id, day, title, draft, created_at)
		SELECT n, 1, n, 't', false, timestamptz '2020-01-01' + n * interval '1 minute' FROM generate_series(1, 5000) n`).Error)
	w.Must(plain.Exec("ANALYZE notes").Error)
	_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1"}})
	w.Must(err)
	read := func() (rows int) {
		w.Must(w.DB.Exec("SELECT pg_stat_force_next_flush()").Error)
		w.Must(w.DB.Raw("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'notes'").Scan(&rows).Error)
		return rows
	}
	for _, date := range []int64{math.MinInt64, math.MinInt64 + 900_000_000_000_000, -62_135_596_800_000_000, 0, math.MaxInt64} {
		query := timak.Query{Limit: 1, Cursor: cursorAt(w, "author:1", time.UnixMicro(date))}
		before := read()
		page, err := w.Plugin.Page(t.Context(), "author:1", query)
		w.Must(err)
		if n := read() - before; n > 50 {
			t.Errorf("after %d: %d items, and %d rows were read, want a few", date, len(page.Items), n)
		}
	}
}

// cursorAt returns the cursor after an item of a date.
func cursorAt(w *world.World, key string, at time.Time) string {
	w.Helper()
	other := timak.New(memstore.New(), nil)
	_, err := other.Apply(w.Context(), key, timak.Put(timak.Item{ID: "x", At: at}))
	w.Must(err)
	page, err := other.Page(w.Context(), key, timak.Query{})
	w.Must(err)
	return page.Next
}
