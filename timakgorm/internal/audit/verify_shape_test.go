package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Wave and Photo share the timelines of a person, Photo by two rules of its own,
// with ids and sources that their templates make.
type Wave struct {
	ID        uint
	Person    string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=person:{Person}:all"`
}

type Photo struct {
	ID        uuid.UUID `gorm:"type:uuid;primaryKey"`
	Name      string
	Person    *string
	Friend    string
	Private   bool
	TakenAt   int64
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=person:{Person}:all; id=photo:{Name}; date=TakenAt; when=!Private; data=Name,Private; source=own"`
	_ timakgorm.Timeline `timak:"key=person:{Friend}:all; id=photo:{Name}; source=of:{Person}"`
	_ timakgorm.Timeline `timak:"key=photos; when=Private"`
}

func photoWorld(t *testing.T, dialect string) *world.World {
	models := []any{&Wave{}, &Photo{}}
	w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
	odd := []string{"7:posts", "a/b%c é", "", "%2F", "Ann", "ann"}
	for i, person := range odd {
		w.Must(w.DB.Create(&Wave{ID: uint(i + 1), Person: person, CreatedAt: world.At(i)}).Error)
		w.Must(w.DB.Create(&Photo{
			ID: uuid.NewSHA1(uuid.Nil, []byte(person)), Name: fmt.Sprint("n ", i), Person: &person, Friend: odd[(i+1)%len(odd)],
			Private: i == 2, TakenAt: world.At(i + 10).UnixMicro(), CreatedAt: world.At(i),
		}).Error)
	}
	w.Must(w.DB.Create(&Photo{ID: uuid.New(), Name: "nobody's", Friend: "Ann"}).Error) // NULL: no key, no source
	w.Drain()
	w.WantDifferences()
	return w
}

// Keys that several models share, with escaped values, and ids that tell no
// primary key.
func TestVerify_sharedKeys(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := photoWorld(t, dialect)
		_, report := w.Verify(timakgorm.VerifyOptions{})
		if report.Keys != 7 { // six persons and all photos
			t.Errorf("%d keys, want 7", report.Keys)
		}
		if report.Rows != 6+6+7+7 {
			t.Errorf("%d rows, want 26", report.Rows)
		}
		odd := timakgorm.Key("person:{}:all", "7:posts")
		if want := "person:7%3Aposts:all"; odd != want {
			t.Fatalf("got key %q, want %q", odd, want)
		}
		w.Apply(odd, timak.Remove("waves:1"), timak.Remove("photo:n%200"))
		w.Apply("person:Ann:all", timak.Put(timak.Item{ID: "photo:other", Source: "own", At: world.At(1)}), timak.Put(timak.Item{ID: "photo:n%205", Source: "own"}))
		w.Apply("person:ann:all", timak.Put(timak.Item{ID: "photo:n%205", Source: "own", At: world.At(1)}))
		w.Apply("person::all", timak.Put(timak.Item{ID: "photo:n%202", Source: "own", At: world.At(12)}))
		w.Apply("photos", timak.Put(timak.Item{ID: "photos:" + uuid.NewString(), At: world.At(12)}), timak.Put(timak.Item{ID: "photos:zz", At: world.At(12)}))
		want := []string{
			odd + ": waves:1 missing", odd + ": photo:n%200 missing",
			"person:Ann:all: photo:other extra", "person:Ann:all: photo:n%205 extra", "person:ann:all: photo:n%205 misplaced",
			"person::all: photo:n%202 extra", "photos: photos:", "photos: photos:",
		}
		w.WantDifferences(want...)
		got, report := w.Verify(timakgorm.VerifyOptions{Models: []any{&Photo{}}, Keys: []string{odd}})
		if !slices.Equal(got, []string{odd + ": photo:n%200 missing", odd + ": waves:1 missing"}) || report.Keys != 1 {
			t.Errorf("one key: got %q, %d keys", got, report.Keys)
		}
		if report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err != nil || report.Found() != len(want) || !report.Clean() {
			t.Errorf("Rebuild: got %+v, %v", report, err)
		}
		w.WantDifferences()
	})
}

// Placed has a primary key of two columns, one of them any text at all.
type Placed struct {
	Shop string `gorm:"primaryKey"`
	No   int32  `gorm:"primaryKey;autoIncrement:false"`
	City string
	Open bool
	Made time.Time

	_ timakgorm.Timeline `timak:"key=city/{City}/{Open}/{City}; date=Made; data=Made"`
	_ timakgorm.Timeline `timak:"key=shop:{Shop}; date=Made"`
}

func TestVerify_compositeKeys(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Placed{}}, Tracked: []any{&Placed{}}})
		for n := range 6 {
			w.Must(w.DB.Create(&Placed{Shop: fmt.Sprint("a,b/", n%2), No: int32(-n), City: fmt.Sprint("x:", n%2), Open: n > 2, Made: world.At(n)}).Error)
		}
		w.Drain()
		w.WantDifferences()
		if _, report := w.Verify(timakgorm.VerifyOptions{}); report.Keys != 6 || report.Rows != 12 {
			t.Errorf("got %d keys and %d rows, want 6 and 12", report.Keys, report.Rows)
		}
		const id = "placeds:a%2Cb%2F1,-5"
		w.Apply("city/x%3A1/true/x%3A1", timak.Remove(id))
		w.Apply("shop:a%2Cb%2F1", timak.Put(timak.Item{ID: id, At: world.At(1)}), timak.Put(timak.Item{ID: "placeds:a%2Cb%2F1,99999999999", At: world.At(1)}))
		want := []string{
			"city/x%3A1/true/x%3A1: " + id + " missing", "shop:a%2Cb%2F1: " + id + " misplaced",
			"shop:a%2Cb%2F1: placeds:a%2Cb%2F1,99999999999 extra",
		}
		w.WantDifferences(want...)
		if report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Models: []any{&Placed{}}}); err != nil || report.Found() != 2 || !report.Clean() { // one row, recorded once, is right everywhere
			t.Errorf("Rebuild: got %+v, %v", report, err)
		}
		w.WantDifferences()
	})
}

// rank is an integer by another name.
type rank int16

// Branch has keys that are pointers.
type Branch struct {
	ID        uint
	ParentID  *uint
	Depth     **int64
	Rank      *rank
	Bare      *bool
	Name      *string
	Tree      *uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=parent:{ParentID}"`
	_ timakgorm.Timeline `timak:"key=depth:{Depth}"`
	_ timakgorm.Timeline `timak:"key=rank:{Rank}"`
	_ timakgorm.Timeline `timak:"key=bare:{Bare}"`
	_ timakgorm.Timeline `timak:"key=name:{Name}"`
	_ timakgorm.Timeline `timak:"key=tree:{Tree}"`
}

// TestVerify_pointers: a key is made by what its fields point at.
func TestVerify_pointers(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Branch{}}, Tracked: []any{&Branch{}}})
		var (
			parent      = uint(7)
			depth       = int64(-3)
			deep        = &depth
			high        = rank(2)
			bare, clad  = true, false
			name, digit = "n", "10"
			tree        = uuid.New()
		)
		w.Must(w.DB.Create(&[]Branch{
			{ID: 1, ParentID: &parent, Depth: &deep, Rank: &high, Bare: &bare, Name: &name, Tree: &tree, CreatedAt: world.At(1)},
			{ID: 2, ParentID: &parent, Bare: &clad, Name: &digit, CreatedAt: world.At(2)},
			{ID: 3, CreatedAt: world.At(3)},
		}).Error)
		w.Drain()
		w.WantDifferences()
		keys := []string{"parent:7", "depth:-3", "rank:2", "bare:true", "name:n", "tree:" + tree.String()}
		var want []string
		for _, key := range keys {
			w.Apply(key, timak.Remove("branches:1"))
			want = append(want, key+": branches:1 missing")
		}
		w.WantDifferences(want...)
		if report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err != nil || report.Found() == 0 || !report.Clean() {
			t.Errorf("Rebuild: got %+v, %v", report, err)
		}
		w.WantDifferences()
		for _, key := range []string{"parent:x", "parent:-1", "rank:99999"} {
			_, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Keys: []string{key}})
			if err == nil || !strings.Contains(err.Error(), "no rule makes the key") {
				t.Errorf("key %q, which no row can make: got %v", key, err)
			}
		}
	})
}

// Alike has values that the database takes for one and keys do not.
type Alike struct {
	ID        uint
	Name      string
	Code      string `gorm:"type:char(3)"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=name:{Name}"`
	_ timakgorm.Timeline `timak:"key=code:{Code}"`
}

func TestVerify_valuesAlike(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{}, Tracked: []any{&Alike{}}})
		name := map[string]string{"sqlite": "text COLLATE NOCASE", "postgres": "text COLLATE alike"}[dialect]
		if dialect == "postgres" {
			w.Must(w.DB.Exec("CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false)").Error)
		}
		w.Must(w.DB.Exec("CREATE TABLE alikes (id integer PRIMARY KEY, name " + name + ", code char(3), created_at timestamp)").Error)
		for n, value := range []string{"A", "a", "b", "B", "ab"} {
			w.Must(w.DB.Create(&Alike{ID: uint(n + 1), Name: value, Code: value, CreatedAt: world.At(n)}).Error)
		}
		w.Drain()
		w.WantDifferences()
		w.Apply("name:A", timak.Remove("alikes:1"))
		w.Apply("name:a", timak.Remove("alikes:2"))
		w.Apply("name:B", timak.Put(timak.Item{ID: "alikes:3", At: world.At(2)}))
		w.WantDifferences("name:A: alikes:1 missing", "name:a: alikes:2 missing", "name:B: alikes:3 extra")
	})
}

// Pair has two rules that make keys of one kind, by columns that the database
// compares in different ways.
type Pair struct {
	ID        uint
	A         string
	B         string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=u:{A}; source=a"`
	_ timakgorm.Timeline `timak:"key=u:{B}; source=b"`
}

// A key of one rule, which another rule has only alike, is looked at too.
func TestVerify_sourcesAlike(t *testing.T) {
	t.Parallel()
	const collation = "CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
	for name, c := range map[string]struct{ dialect, before, column string }{
		"NOCASE":           {"sqlite", "", "text COLLATE NOCASE"},
		"RTRIM":            {"sqlite", "", "text COLLATE RTRIM"},
		"nondeterministic": {"postgres", collation, "text COLLATE alike"},
		"citext":           {"postgres", "CREATE EXTENSION IF NOT EXISTS citext", "citext"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t, world.Setup{Dialect: c.dialect, Models: []any{}, Tracked: []any{&Pair{}}})
			if c.before != "" {
				w.Must(w.DB.Exec(c.before).Error)
			}
			w.Must(w.DB.Exec("CREATE TABLE pairs (id integer PRIMARY KEY, a " + c.column + ", b text, created_at timestamp)").Error)
			other := map[bool]string{true: "ann ", false: "ANN"}[name == "RTRIM"]
			w.Must(w.DB.Create(&Pair{ID: 1, A: "ann", B: other, CreatedAt: world.At(1)}).Error)
			w.Drain()
			key := timakgorm.Key("u:{}", other)
			w.Apply("u:ann", timak.Remove("pairs:1"))
			w.Apply(key, timak.Remove("pairs:1"))
			w.WantDifferences("u:ann: pairs:1 missing", key+": pairs:1 missing")
			if report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err != nil || report.Keys != 2 || !report.Clean() {
				t.Errorf("Rebuild: got %+v, %v; want two keys", report, err)
			}
			w.WantDifferences()
		})
	}
}

// short is a timeline of three, of posts that come and go.
func shortWorld(t *testing.T, dialect string, order timak.Order) *world.World {
	w := world.New(t, world.Setup{Dialect: dialect, Engine: &timak.Options{MaxItems: 3, Order: order}, Tracked: []any{timakgorm.Track[Bare](
		timakgorm.Rule{Key: "posts"}, timakgorm.Rule{Key: "five", Max: 5}, timakgorm.Rule{Key: "two", Max: 2},
	)}, Models: []any{&Bare{}}})
	for n := range 10 {
		w.Must(w.DB.Create(&Bare{ID: uint(n + 1), CreatedAt: world.At(n)}).Error)
	}
	w.Drain()
	return w
}

// Bare has its rules from the test.
type Bare struct {
	ID        uint
	CreatedAt time.Time
}

// What is beyond the end is not missing. A timeline that has room again fills up by itself.
// One that does not, as somebody has written it who knows no moment, lacks nothing either,
// because a page goes on in the tables; but Rebuild fills it.
func TestVerify_capacity(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, order := range []timak.Order{timak.NewestFirst, timak.OldestFirst} {
			w := shortWorld(t, dialect, order)
			at1, at3 := 10, 8 // ids in the timelines' order
			if order == timak.OldestFirst {
				at1, at3 = 1, 3
			}
			id := func(n int) string { return fmt.Sprint("bares:", n) }
			w.WantDifferences()
			w.Apply("posts", timak.Remove(id(at3)))
			w.WantDifferences("posts: " + id(at3) + " missing")
			rebuilt(w, 1)
			w.Must(w.DB.Delete(&Bare{}, at1).Error)
			w.Drain()
			rebuilt(w, 0)
			for key, capacity := range map[string]int{"posts": 3, "five": 5, "two": 2} {
				end := map[timak.Order]int{timak.NewestFirst: -1, timak.OldestFirst: 99}[order]
				_, err := w.Timelines.Bounded(capacity).Apply(t.Context(), key, timak.RaiseFloor(timak.Place{At: world.At(end)}))
				w.Must(err)
			}
			at2 := map[timak.Order]int{timak.NewestFirst: 9, timak.OldestFirst: 2}[order]
			w.Must(w.DB.Delete(&Bare{}, at2).Error)
			w.Drain()
			w.WantDifferences()
			rebuilt(w, 3)
			if got, err := w.Timelines.Bounded(5).Get(t.Context(), "five"); err != nil || got.Len() != 5 {
				t.Errorf("five: got %v, %v", got.IDs(), err)
			}
			// Phantoms that take up all the room.
			for n := range 6 {
				date := world.At(100 + n)
				if order == timak.OldestFirst {
					date = world.At(-n)
				}
				_, err := w.Timelines.Bounded(5).Apply(t.Context(), "five", timak.Put(timak.Item{ID: fmt.Sprint("x", n), At: date}))
				w.Must(err)
			}
			if got, _ := w.Verify(timakgorm.VerifyOptions{}); len(got) != 5 {
				t.Errorf("five phantoms: got %q", got)
			}
			rebuilt(w, 10)
		}
	})
}

// rebuilt rebuilds and checks what was found.
func rebuilt(w *world.World, found int) {
	w.Helper()
	report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
	w.Must(err)
	if report.Found() != found || !report.Clean() {
		w.Errorf("Rebuild: got %+v, want %d found", report, found)
	}
	w.WantDifferences()
}

// A damaged timeline is salvaged and filled; what the other sibling said stays.
func TestRebuild_damaged(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := memstore.New()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		object, err := store.Get(t.Context(), "site:posts")
		w.Must(err)
		broken := slices.Clone(object.Siblings[0])
		broken[len(broken)/2] ^= 1
		_, err = store.Put(t.Context(), "author:1:posts", broken, nil) // beside the good one
		w.Must(err)
		_, err = store.Put(t.Context(), "site:posts", broken, object.Token) // in its place
		w.Must(err)
		w.WantDifferences("author:1:posts: damaged", "site:posts: damaged",
			"site:posts: posts:10 missing", "site:posts: posts:11 missing", "site:posts: posts:12 missing")
		wantRepaired(w, 5)
	})
}

// A key whose rows are all gone is in no table, and can be named.
func TestVerify_namedKey(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		w.Apply("author:77:posts", timak.Put(timak.Item{ID: "posts:10", At: world.At(1)}))
		w.WantDifferences()
		got, _ := w.Verify(timakgorm.VerifyOptions{Keys: []string{"author:77:posts"}})
		if !slices.Equal(got, []string{"author:77:posts: posts:10 extra"}) {
			t.Errorf("got %q", got)
		}
		report, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Keys: []string{"author:77:posts"}, Repair: true})
		if w.Must(err); report.Extra != 1 || !report.Clean() || len(w.IDs("author:77:posts")) > 0 {
			t.Errorf("got %+v, and on the timeline %q", report, w.IDs("author:77:posts"))
		}
	})
}
