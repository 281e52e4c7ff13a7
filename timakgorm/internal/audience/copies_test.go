package audience_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// topics is a world in which readers subscribe to topics, with timelines of two items.
func topics(t *testing.T, dialect string) *world.World {
	t.Helper()
	models := []any{&Topic{}, &Interest{}}
	return world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
}

// TestFeeds_equalDates: of items with the same date, a new subscription copies those that
// come first by their ids, as the timeline does when they come one by one.
func TestFeeds_equalDates(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := topics(t, dialect)
		w.Must(w.DB.Create(&Interest{ID: 1, Reader: new(uint(1)), Name: new("a")}).Error)
		w.Drain()
		berlin := time.FixedZone("", 7200)
		for id := range uint(9) {
			at := world.At(5)
			if id == 7 { // the same moment, as another text
				at = at.In(berlin)
			}
			w.Must(w.DB.Create(&Topic{ID: id + 1, Name: "a", CreatedAt: at}).Error)
		}
		w.Must(w.DB.Create(&Topic{ID: 20, Name: "a", CreatedAt: world.At(4).In(berlin)}).Error) // a greater text, an earlier moment
		w.WantIDs("reader:1:topics", "topics:9", "topics:8")
		w.Must(w.DB.Create(&Interest{ID: 2, Reader: new(uint(2)), Name: new("a")}).Error)
		w.WantIDs("reader:2:topics", "topics:9", "topics:8")
		w.WantDifferences()
	})
}

// TestFeeds_copyReads: with an index on source and date, a new subscription reads about
// as many rows as it copies.
func TestFeeds_copyReads(t *testing.T) {
	t.Parallel()
	w := topics(t, "postgres")
	w.OneConnection()
	w.Must(w.DB.Exec("CREATE INDEX ON topics (name, created_at)").Error)
	w.Must(world.OpenDSN(t, "postgres", w.DSN, nil).Exec(
		"INSERT INTO topics SELECT n, 'topic' || n % 10, now() - n * interval '1 minute' FROM generate_series(1, 50000) n").Error)
	w.Must(w.DB.Exec("ANALYZE topics").Error)
	read := func() (rows int) {
		w.Must(w.DB.Exec("SELECT pg_stat_force_next_flush()").Error)
		w.Must(w.DB.Raw("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'topics'").Scan(&rows).Error)
		return rows
	}
	before := read()
	w.Must(w.DB.Create(&Interest{ID: 1, Reader: new(uint(1)), Name: new("topic3")}).Error)
	w.WantIDs("reader:1:topics", "topics:3", "topics:13")
	if n := read() - before; n < 2 || n > 100 {
		t.Errorf("two items were copied from 50,000 rows, and %d were read", n)
	}
}

// Mood is a column that holds few texts.
type Mood string

// GormDBDataType makes it an enum in Postgres.
func (Mood) GormDBDataType(db *gorm.DB, _ *schema.Field) string {
	if db.Name() == "postgres" {
		return "mood"
	}
	return "text"
}

// Song publishes by its mood, and Listener subscribes to moods.
type Song struct {
	ID        uint
	Mood      Mood
	Singer    string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=songs; source=x:{Mood}"`
	_ timakgorm.Timeline `timak:"audience=songs; source=x:{Singer}"`
}

// Listener subscribes to what may be a mood or a singer.
type Listener struct {
	ID   uint
	Mood Mood
	What string

	_ timakgorm.Subscription `timak:"audience=songs; key=listener:{ID}; source=x:{What}"`
	_ timakgorm.Subscription `timak:"audience=songs; key=mood:{Mood}; source=x:{Mood}"`
}

// TestFeeds_enum: a source or a key with a text that a column of another rule cannot
// hold.
func TestFeeds_enum(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		dsn := world.NewDSN(t, dialect)
		if dialect == "postgres" {
			plain := world.OpenDSN(t, dialect, dsn, nil)
			if err := plain.Exec("CREATE TYPE mood AS ENUM ('glad', 'sad')").Error; err != nil {
				t.Fatal(err)
			}
		}
		models := []any{&Song{}, &Listener{}}
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, DSN: dsn, Models: models, Tracked: models})
		w.Must(w.DB.Create(&[]Song{{ID: 1, Mood: "glad", Singer: "Ella", CreatedAt: world.At(1)}, {ID: 2, Mood: "sad", Singer: "glad", CreatedAt: world.At(2)}}).Error)
		w.Must(w.DB.Create(&[]Listener{{ID: 1, Mood: "glad", What: "Ella"}, {ID: 2, Mood: "sad", What: "glad"}, {ID: 3, Mood: "sad", What: "Nina"}}).Error)
		w.WantIDs("listener:1", "songs:1")
		w.WantIDs("listener:2", "songs:2", "songs:1")
		w.WantIDs("mood:glad", "songs:2", "songs:1")
		w.WantIDs("mood:sad", "songs:2")
		w.Must(w.DB.Create(&Song{ID: 3, Mood: "sad", Singer: "Nina", CreatedAt: world.At(3)}).Error)
		w.WantIDs("listener:3", "songs:3")
		w.Must(w.DB.Model(&Listener{ID: 3}).Update("what", "Ella").Error)
		w.WantIDs("listener:3", "songs:1")
		w.Must(w.DB.Delete(&Listener{}, 2).Error)
		w.WantIDs("listener:2")
		w.WantIDs("mood:sad", "songs:3", "songs:2")
		w.WantDifferences()
		if w.Dead() > 0 {
			t.Errorf("dead letters: %+v", w.Letters(timakgorm.DeadLetterQuery{}))
		}
		if got := fmt.Sprint(w.IDs("mood:furious")); got != "[]" {
			t.Errorf("mood:furious has %v", got)
		}
	})
}

// Mix publishes by two columns, which may name the same source.
type Mix struct {
	ID        uint
	A, B      string
	Hidden    *bool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=mixes; source=x:{A}; when=!Hidden; data=A"`
	_ timakgorm.Timeline `timak:"audience=mixes; source=x:{B}; when=!Hidden; data=B"`
}

// TableName is one that a query may use for itself.
func (Mix) TableName() string { return "chosen" }

// Taste subscribes to one source.
type Taste struct {
	ID   uint
	What string

	_ timakgorm.Subscription `timak:"audience=mixes; key=taste:{ID}; source=x:{What}; max=2"`
}

// TestFeeds_sameSource: a row that is in a source by two rules is there once, as the first
// says, however it comes to a timeline.
func TestFeeds_sameSource(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		models := []any{&Mix{}, &Taste{}}
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		w.Must(w.DB.Create(&Taste{ID: 2, What: "p"}).Error)
		w.Drain()
		w.Must(w.DB.Create(&[]Mix{{ID: 1, A: "p", B: "q", CreatedAt: world.At(1)}, {ID: 2, A: "p", B: "p", Hidden: new(false), CreatedAt: world.At(2)}, {ID: 3, A: "p", Hidden: new(true), CreatedAt: world.At(3)}}).Error)
		w.Drain()
		w.Must(w.DB.Create(&Taste{ID: 1, What: "p"}).Error)
		for _, key := range []string{"taste:1", "taste:2"} {
			w.WantIDs(key, "chosen:2", "chosen:1")
			w.WantData(key, `{"a":"p"}`, `{"a":"p"}`)
		}
		w.WantDifferences()
	})
}

// TestFeeds_hiddenRows: rows that publish nothing are not read for a copy, and none of
// those that do is missed for them.
func TestFeeds_hiddenRows(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Subscribe{}, &Story{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models, Engine: &timak.Options{MaxItems: 2}})
		for id := range uint(12) {
			one := story(id+1, 1)
			one.Published = id%3 > 0
			w.Must(w.DB.Create(one).Error)
		}
		w.Must(w.DB.Delete(&Story{}, "id IN (12, 9)").Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.WantIDs(home(7), "stories:11", "stories:8")
		w.WantDifferences()
	})
}

// Archive has texts for its dates, and a number for its flag.
type Archive struct {
	ID   uint
	Name string
	Made time.Time
	Open bool

	_ timakgorm.Timeline `timak:"audience=archives; source=archive:{Name}; date=Made; when=Open"`
}

// Hunter subscribes to archives.
type Hunter struct {
	ID   uint
	Name string

	_ timakgorm.Subscription `timak:"audience=archives; key=hunter:{ID}; source=archive:{Name}; max=2"`
}

// TestFeeds_columnTypes: dates and flags in columns of types that Postgres orders or reads
// in its own way.
func TestFeeds_columnTypes(t *testing.T) {
	t.Parallel()
	for _, types := range [][2]string{{"timestamptz", "boolean"}, {"timestamp", "boolean"}, {"text", "boolean"}, {"varchar(60)", "smallint"}, {"timestamptz", "text"}} {
		t.Run(fmt.Sprint(types), func(t *testing.T) {
			t.Parallel()
			dsn := world.NewDSN(t, "postgres")
			plain := world.OpenDSN(t, "postgres", dsn, nil)
			if err := plain.Exec("CREATE TABLE archives (id bigserial PRIMARY KEY, name text, made " + types[0] + ", open " + types[1] + ")").Error; err != nil {
				t.Fatal(err)
			}
			w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&Hunter{}}, Tracked: []any{&Archive{}, &Hunter{}}})
			flag := map[string]string{"boolean": "true", "smallint": "1", "text": "'true'"}[types[1]]
			for n := range 6 {
				zone := time.FixedZone("", 3600*11*(n%2)) // whose texts are greater
				made := time.Date(2020, 1, 1, n, 0, 0, 0, time.UTC).In(zone).Format("2006-01-02 15:04:05-07:00")
				if types[0] == "timestamp" {
					made = time.Date(2020, 1, 1, n, 0, 0, 0, time.UTC).Format(time.DateTime)
				}
				w.Must(plain.Exec("INSERT INTO archives (name, made, open) VALUES ('a', '" + made + "', " + flag + ")").Error)
			}
			w.Must(w.DB.Create(&Hunter{ID: 1, Name: "a"}).Error)
			w.WantIDs("hunter:1", "archives:6", "archives:5")
			w.WantDifferences()
		})
	}
}
