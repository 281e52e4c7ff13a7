package beyond_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Note is on its author's timeline, on that of its day, and in its followers' feeds.
type Note struct {
	ID        uint
	AuthorID  uint
	Day       int64
	Title     string
	Draft     bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}; when=!Draft; data=Title; max=10"`
	_ timakgorm.Timeline `timak:"key=days; date=Day; max=7"`
	_ timakgorm.Timeline `timak:"audience=notes; source=author:{AuthorID}; when=!Draft; data=Title"`
	_ timakgorm.Timeline `timak:"audience=notes; source=title:{Title}; when=!Draft; data=Title"`
}

// Follow subscribes a reader to an author, Wish to a title.
type Follow struct {
	ReaderID uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=notes; key=reader:{ReaderID}; source=author:{AuthorID}; max=12"`
}

type Wish struct {
	ID       uint
	ReaderID uint
	Title    string

	_ timakgorm.Subscription `timak:"audience=notes; key=reader:{ReaderID}; source=title:{Title}; max=12"`
}

func notes(t *testing.T, dialect string, order timak.Order) *world.World {
	t.Helper()
	models := []any{&Note{}, &Follow{}, &Wish{}}
	return world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models, Engine: &timak.Options{Order: order}})
}

func note(id uint) *Note {
	return &Note{ID: id, AuthorID: id % 3, Day: int64(id / 2), Title: fmt.Sprint("t", id%5), Draft: id%11 == 0, CreatedAt: world.At(int(id / 2))}
}

// pages reads a timeline from end to end, and from its end back, and returns the ids.
func pages(w *world.World, key string, limit int) (forward, backward []string) {
	w.Helper()
	query := timak.Query{Limit: limit}
	for {
		page, err := w.Plugin.Page(w.Context(), key, query)
		w.Must(err)
		for _, item := range page.Items {
			forward = append(forward, item.ID)
		}
		if query.Cursor = page.Next; !page.More {
			break
		}
	}
	for query.Cursor != "" {
		page, err := w.Plugin.Page(w.Context(), key, query)
		w.Must(err)
		var ids []string
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		backward = append(ids, backward...)
		if query.Cursor = page.Prev; page.First {
			break
		}
	}
	return forward, backward
}

// wantPages compares all pages with what a query that knows nothing of rules returns: notes,
// dated by their creation or, for "days", by their day.
func wantPages(w *world.World, key string, order timak.Order, query string, args ...any) {
	w.Helper()
	var rows []Note
	w.Must(w.DB.Raw(query, args...).Scan(&rows).Error)
	var items []timak.Item
	for _, row := range rows {
		at := row.CreatedAt
		if key == "days" {
			at = time.UnixMicro(row.Day)
		}
		items = append(items, timak.Item{ID: fmt.Sprint("notes:", row.ID), At: at})
	}
	slices.SortFunc(items, func(a, b timak.Item) int {
		if order.Before(a, b) {
			return -1
		}
		return 1
	})
	var want []string
	for _, item := range items {
		want = append(want, item.ID)
	}
	for _, limit := range []int{4, 13} {
		forward, backward := pages(w, key, limit)
		if !slices.Equal(forward, want) {
			w.Errorf("%s by %d:\n\tgot  %v\n\twant %v", key, limit, forward, want)
		}
		if len(forward) > 0 && !slices.Equal(backward, want) {
			w.Errorf("%s backward by %d:\n\tgot  %v\n\twant %v", key, limit, backward, want)
		}
	}
}

// wantAll compares every timeline.
func wantAll(w *world.World, order timak.Order) {
	w.Helper()
	w.Drain()
	wantPages(w, "author:1", order, "SELECT * FROM notes WHERE author_id = 1 AND NOT draft AND deleted_at IS NULL")
	wantPages(w, "days", order, "SELECT * FROM notes WHERE deleted_at IS NULL")
	for reader := 1; reader <= 3; reader++ {
		wantPages(w, fmt.Sprint("reader:", reader), order, `SELECT * FROM notes WHERE NOT draft AND deleted_at IS NULL AND
			(author_id IN (SELECT author_id FROM follows WHERE reader_id = ?) OR title IN (SELECT title FROM wishes WHERE reader_id = ?))`, reader, reader)
	}
}

// TestPage: the pages of a timeline are those of the tables, from its beginning to the
// last row and back, whatever its capacity, and whatever has been deleted, moved, followed
// and unfollowed.
func TestPage(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]timak.Order{"newest": timak.NewestFirst, "oldest": timak.OldestFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				w := notes(t, dialect, order)
				w.Must(w.DB.Create(&[]Follow{{ReaderID: 1, AuthorID: 1}, {ReaderID: 2, AuthorID: 1}, {ReaderID: 2, AuthorID: 2}}).Error)
				w.Must(w.DB.Create(&[]Wish{{ID: 1, ReaderID: 1, Title: "t3"}, {ID: 2, ReaderID: 3, Title: "t1"}}).Error)
				w.Drain()
				for id := range uint(60) {
					w.Must(w.DB.Create(note(id + 1)).Error)
					if id%20 == 0 {
						w.Drain()
					}
				}
				wantAll(w, order)
				w.Must(w.DB.Delete(&Note{}, "id % 4 = 1").Error)
				wantAll(w, order)
				w.Must(w.DB.Create(&Follow{ReaderID: 1, AuthorID: 2}).Error)
				w.Must(w.DB.Delete(&Follow{ReaderID: 2, AuthorID: 1}).Error)
				w.Must(w.DB.Model(&Note{}).Where("id % 7 = 2").Update("author_id", 1).Error)
				wantAll(w, order)
				w.WantDifferences()
			})
		})
	}
}

// TestPage_atRandom: the same after any changes.
func TestPage_atRandom(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		w := notes(t, dialect, timak.NewestFirst)
		rounds := map[string]int{"postgres": 4, "sqlite": 2} // which reads more rows for each page
		for n := range rounds[dialect] {
			for id := uint(1); id <= 40; id++ {
				w.Must(w.DB.Save(note(uint(40*n) + id)).Error)
				author, reader, some := uint(random.IntN(3)), uint(1+random.IntN(3)), 1+random.IntN(int(id)+40*n)
				switch random.IntN(7) {
				case 0:
					w.Must(w.DB.Delete(&Note{}, some).Error)
				case 1:
					w.Must(w.DB.Model(&Note{}).Where("id = ?", some).Update("author_id", author).Error)
				case 2:
					w.Must(w.DB.Model(&Note{}).Where("id = ?", some).Update("draft", random.IntN(2) == 0).Error)
				case 3:
					w.Must(w.DB.Model(&Note{}).Where("id = ?", some).Update("created_at", world.At(random.IntN(80))).Error)
				case 4:
					w.Must(w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&Follow{ReaderID: reader, AuthorID: author}).Error)
				case 5:
					w.Must(w.DB.Delete(&Follow{ReaderID: reader, AuthorID: author}).Error)
				default:
					w.Drain()
				}
			}
			wantAll(w, timak.NewestFirst)
		}
		w.WantDifferences()
	})
}

// TestPage_verified: a delete on a full timeline is no difference, and it fills up again; a
// timeline that was rebuilt from nothing knows that it lacks rows.
func TestPage_verified(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := notes(t, dialect, timak.NewestFirst)
		for id := uint(1); id <= 90; id++ {
			w.Must(w.DB.Create(note(id)).Error)
		}
		w.Drain()
		for _, gone := range []uint{85, 82, 79} {
			w.Must(w.DB.Delete(&Note{}, gone).Error)
		}
		w.Drain()
		if n := len(w.IDs("author:1")); n != 10 {
			t.Fatalf("%d items are on the timeline, want 10", n)
		}
		w.WantDifferences()
		wantAll(w, timak.NewestFirst)
		w.Timelines = timak.New(world.NewFaulty(), nil) // all is lost
		other := &world.World{TB: t, Dialect: w.Dialect, DSN: w.DSN, Timelines: w.Timelines}
		other.DB = world.OpenDSN(t, dialect, w.DSN, nil)
		plugin, err := timakgorm.New(w.Timelines, nil)
		w.Must(errors.Join(err, plugin.Register(&Note{}, &Follow{}, &Wish{}), other.DB.Use(plugin)))
		other.Plugin = plugin
		_, err = plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		w.Must(err)
		wantAll(other, timak.NewestFirst)
		if n := len(other.IDs("author:1")); n != 10 {
			t.Errorf("%d items are on the timeline that was rebuilt, want 10", n)
		}
	})
}

// TestPage_counted: a page on the timeline asks the database nothing, and Stats tells the
// others.
func TestPage_counted(t *testing.T) {
	t.Parallel()
	w := notes(t, "sqlite", timak.NewestFirst)
	for id := uint(1); id <= 90; id++ {
		w.Must(w.DB.Create(note(id)).Error)
	}
	w.Drain()
	first, err := w.Plugin.Page(t.Context(), "author:1", timak.Query{Limit: 9})
	w.Must(err)
	second, err := w.Plugin.Page(t.Context(), "author:1", timak.Query{Limit: 9, Cursor: first.Next})
	w.Must(err)
	stats, err := w.Plugin.Stats(t.Context())
	w.Must(err)
	if first.Beyond != 0 || second.Beyond != 8 || stats.Pages != 2 || stats.PagesBeyond != 1 || stats.ItemsBeyond != 8 {
		t.Errorf("got %d and %d items from the tables, and %+v; want none, 8, and one page of two", first.Beyond, second.Beyond, stats)
	}
	loaded, err := timakgorm.Load[Note](t.Context(), w.DB, second)
	if w.Must(err); len(loaded) != 9 {
		t.Errorf("%d of 9 rows were loaded", len(loaded))
	}
	if _, err := w.Plugin.Page(t.Context(), "author:2", timak.Query{Cursor: first.Next}); !errors.Is(err, timak.ErrBadCursor) {
		t.Errorf("a cursor of another key: got %v, want ErrBadCursor", err)
	}
}

// TestPage_reads: with an index on source and date, a page past the end of a feed reads
// about as many rows of each source as it has items.
func TestPage_reads(t *testing.T) {
	t.Parallel()
	w := notes(t, "postgres", timak.NewestFirst)
	w.OneConnection()
	plain := world.OpenDSN(t, "postgres", w.DSN, nil)
	w.Must(plain.Exec("CREATE INDEX ON notes (author_id, created_at); CREATE INDEX ON notes (title, created_at)").Error)
	w.Must(plain.Exec(`INSERT INTO notes (id, author_id, day, title, draft, created_at)
		SELECT n, n % 100, n, 't', n % 7 = 0, timestamptz '2020-01-01' + n * interval '1 minute' FROM generate_series(1, 50000) n`).Error)
	w.Must(plain.Exec("INSERT INTO follows SELECT 1, n FROM generate_series(0, 9) n").Error)
	w.Must(plain.Exec("ANALYZE notes").Error)
	_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"reader:1"}})
	w.Must(err)
	read := func() (rows int) {
		w.Must(w.DB.Exec("SELECT pg_stat_force_next_flush()").Error)
		w.Must(w.DB.Raw("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'notes'").Scan(&rows).Error)
		return rows
	}
	query := timak.Query{Limit: 20}
	for n := range 4 {
		before := read()
		page, err := w.Plugin.Page(t.Context(), "reader:1", query)
		w.Must(err)
		if rows := read() - before; len(page.Items) != 20 || n > 0 && page.Beyond != 20 || rows > 10*3*21 {
			t.Errorf("page %d: %d items, of which %d came from the tables, and %d rows were read", n, len(page.Items), page.Beyond, rows)
		}
		query.Cursor = page.Next
	}
}
