package beyond_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Twice may be on a timeline by two rules with two dates, of which the later one counts.
type Twice struct {
	ID   uint
	A, B int64
	Word string

	_ timakgorm.Timeline `timak:"key=twice; date=A; source=a; max=1"`
	_ timakgorm.Timeline `timak:"key={Word}; date=B; source=b; max=1"`
}

// wantOrder compares all pages, by several limits.
func wantOrder(w *world.World, key string, want ...string) {
	w.Helper()
	for _, limit := range []int{1, 2, 5} {
		forward, backward := pages(w, key, limit)
		if !slices.Equal(forward, want) || !slices.Equal(backward, want) {
			w.Errorf("%s by %d: got\n\t%v and back\n\t%v, want\n\t%v", key, limit, forward, backward, want)
		}
	}
}

func TestPage_twoDates(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]timak.Order{"newest": timak.NewestFirst, "oldest": timak.OldestFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				models := []any{&Twice{}}
				w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models, Engine: &timak.Options{Order: order}})
				var rows []Twice
				for n, dates := range [][2]int64{{1, 1}, {5, 5}, {6, 1000}, {7, 1001}, {8, 1002}, {1003, 6}, {1004, 7}, {1005, 8}, {20, 20}, {2000, 2000}, {21, 21}} {
					rows = append(rows, Twice{ID: uint(n + 1), A: dates[0], B: dates[1], Word: "twice"})
				}
				w.Must(w.DB.Create(&rows).Error)
				w.Drain()
				slices.SortFunc(rows, func(x, y Twice) int { return int(max(y.A, y.B) - max(x.A, x.B)) })
				if order == timak.OldestFirst {
					slices.Reverse(rows)
				}
				var want []string
				for _, r := range rows {
					want = append(want, fmt.Sprint("twices:", r.ID))
				}
				wantOrder(w, "twice", want...)
			})
		})
	}
}

// Paper has an id of its own.
type Paper struct {
	Name      string `gorm:"primaryKey"`
	AuthorID  uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=papers; source=author:{AuthorID}"`
	_ timakgorm.Timeline `timak:"key=author:{AuthorID}; max=2"`
}

// Scholar subscribes to authors.
type Scholar struct {
	ReaderID uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=papers; key=scholar:{ReaderID}; source=author:{AuthorID}; max=2"`
}

// TestPage_longNames: rows that no timeline can hold are on no page, and keep nobody from
// reading on.
func TestPage_longNames(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Paper{}, &Scholar{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		for n, name := range []string{"a", strings.Repeat("b", 600), "c", "d", strings.Repeat("e", 600), "f"} {
			w.Must(w.DB.Create(&Paper{Name: name, AuthorID: 1, CreatedAt: world.At(100 - n)}).Error)
		}
		w.Drain()
		dead := w.Dead()
		w.Must(w.DB.Create(&Scholar{ReaderID: 1, AuthorID: 1}).Error)
		w.Drain()
		if w.Dead() != dead {
			t.Errorf("the subscription is a dead letter: %+v", w.Letters(timakgorm.DeadLetterQuery{}))
		}
		for _, key := range []string{"scholar:1", "author:1"} {
			wantOrder(w, key, "papers:a", "papers:c", "papers:d", "papers:f")
		}
	})
}

// Legacy may have texts for dates and flags.
type Legacy struct {
	ID   uint
	Made time.Time
	Open bool

	_ timakgorm.Timeline `timak:"key=made; date=Made; max=2"`
	_ timakgorm.Timeline `timak:"key=open; date=ID; when=Open; max=2"`
}

// TableName implements schema.Tabler.
func (Legacy) TableName() string { return "legacies" }

// TestPage_columnTypes: dates and flags in columns of types that Postgres orders or reads in
// its own way.
func TestPage_columnTypes(t *testing.T) {
	t.Parallel()
	for _, types := range [][2]string{
		{"timestamptz", "boolean"},
		{"timestamp", "boolean"},
		{"date", "boolean"},
		{"timestamp(0)", "boolean"},
		{"text", "boolean"},
		{"varchar(40)", "boolean"},
		{"timestamptz", "smallint"},
		{"timestamptz", "text"},
	} {
		t.Run(fmt.Sprint(types), func(t *testing.T) {
			t.Parallel()
			dsn := world.NewDSN(t, "postgres")
			plain := world.OpenDSN(t, "postgres", dsn, nil)
			if err := plain.Exec("CREATE TABLE legacies (id bigserial PRIMARY KEY, made " + types[0] + ", open " + types[1] + ")").Error; err != nil {
				t.Fatal(err)
			}
			w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&Small{}}, Tracked: []any{&Legacy{}}})
			flag := map[string]string{"boolean": "true", "smallint": "1", "text": "'true'"}[types[1]]
			var want []string
			for n := range 8 {
				zone := time.FixedZone("", 3600*5*(n%2))
				made := time.Date(2020, 1, 1+n, 3, 4, 5, 0, time.UTC).In(zone).Format("2006-01-02 15:04:05-07:00")
				w.Must(plain.Exec("INSERT INTO legacies (made, open) VALUES ('" + made + "', " + flag + ")").Error)
				want = append(want, fmt.Sprint("legacies:", 8-n))
			}
			_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
			w.Must(err)
			wantOrder(w, "made", want...)
			wantOrder(w, "open", want...)
		})
	}
}

// Small has a date that a small column holds, and is on a timeline with dates that it cannot
// hold.
type Small struct {
	ID  uint
	Day int32

	_ timakgorm.Timeline `timak:"key=mixed; date=Day; max=2"`
}

// Timed is on the same timeline.
type Timed struct {
	ID        uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=mixed; max=2"`
}

func TestPage_mixedDates(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Small{}, &Timed{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		for n := range 3 {
			w.Must(w.DB.Create(&Small{ID: uint(n + 1), Day: int32(n)}).Error)
			w.Must(w.DB.Create(&Timed{ID: uint(n + 1), CreatedAt: world.At(n)}).Error)
		}
		w.Drain()
		wantOrder(w, "mixed", "timeds:3", "timeds:2", "timeds:1", "smalls:3", "smalls:2", "smalls:1")
	})
}

// TestPage_noRule: a key that no rule makes has the pages of its timeline alone.
func TestPage_noRule(t *testing.T) {
	t.Parallel()
	models := []any{&Small{}}
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: models, Tracked: models, Engine: &timak.Options{MaxItems: 3}})
	for n := range int64(4) {
		w.Apply("mine", timak.Put(timak.Item{ID: fmt.Sprint(n), At: time.UnixMicro(10 + n)}))
	}
	w.Apply("mine", timak.Remove("3"))
	w.Apply("mine", timak.Put(timak.Item{ID: "old", At: time.UnixMicro(5)}))
	wantOrder(w, "mine", "2", "1", "old")
}
