package cascade_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestCascades_saveOfParent: to save a parent whose key stays as it is locks no more
// of it than the database does, so that two which have made children of it do not
// wait for each other.
func TestCascades_saveOfParent(t *testing.T) {
	t.Parallel()
	w, _ := world.AtlasWorld(t, "postgres", "")
	var group, made sync.WaitGroup
	made.Add(2)
	errs := make([]error, 2)
	for i := range errs {
		group.Go(func() {
			errs[i] = w.DB.Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&world.Spot{ID: uint(200 + i), RealmCode: new("a"), CreatedAt: world.At(i)}).Error
				made.Done()
				made.Wait()
				return world.FirstError(err, func() error { return tx.Save(&world.Realm{ID: 1, Code: "a", Name: "new"}).Error })
			})
		})
	}
	group.Wait()
	w.Must(errors.Join(errs...))
	w.Drain()
	w.WantDifferences()
}

// TestCascades_afterComment: a comment at the end of the user's conditions hides none
// of our locks.
func TestCascades_afterComment(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(db *gorm.DB) error{
		"delete of a parent": func(db *gorm.DB) error {
			deleted := db.Where("id = 1 -- why").Delete(&world.Realm{})
			if deleted.Error == nil && deleted.RowsAffected != 1 {
				return errors.New("the realm is still there")
			}
			return deleted.Error
		},
		"update of a row": func(db *gorm.DB) error {
			return db.Model(&world.Spot{}).Where("id = 13 -- why").Update("zone_id", 1).Error
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := world.AtlasWorld(t, "postgres", "")
			first := w.DB.Begin()
			w.Must(first.Model(&world.Realm{}).Where("id = 1").Update("name", "other").Error)
			w.Must(first.Model(&world.Spot{}).Where("id = 13").Update("zone_id", 2).Error)
			second := w.DB.Begin()
			done := make(chan error, 1)
			go func() { done <- change(second) }()
			awaitWaiter(w)
			w.Must(first.Commit().Error)
			w.Must(<-done)
			w.Drain()
			w.Must(second.Commit().Error)
			w.Drain()
			w.WantDifferences()
		})
	}
}

// awaitWaiter waits until somebody waits for a lock.
func awaitWaiter(w *world.World) {
	w.Helper()
	db := world.OpenDSN(w.TB, w.Dialect, w.DSN, nil)
	for end := time.Now().Add(world.Patience); ; time.Sleep(10 * time.Millisecond) {
		var n int64
		w.Must(db.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n).Error)
		if n > 0 {
			return
		}
		if time.Now().After(end) {
			w.Fatal("nobody waits for a lock")
		}
	}
}

// TestCascades_commentInSet: a comment in a value hides no condition of a parent's
// update.
func TestCascades_commentInSet(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _ := world.AtlasWorld(t, dialect, world.EnforcedOn(dialect))
		w.Must(w.DB.Table("realms").Where("id = 1").UpdateColumn("code", gorm.Expr("code || 'x' --")).Error)
		w.Drain()
		w.WantDifferences()
		err := w.DB.Table("realms").Where("id = 1").UpdateColumn("code", gorm.Expr("code || 'y' /*")).Error
		if !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("a comment without an end: got %v, want ErrUncaptured", err)
		}
		w.Drain()
		w.WantDifferences()
	})
}

// TestCascades_withoutModule: a virtual table whose module is not there stops no
// write.
func TestCascades_withoutModule(t *testing.T) {
	t.Parallel()
	w, _ := world.AtlasWorld(t, "sqlite", world.Enforced)
	pool, err := w.DB.DB()
	w.Must(err)
	conn, err := pool.Conn(t.Context())
	w.Must(err)
	w.Script(conn, "PRAGMA writable_schema = ON",
		"INSERT INTO sqlite_master VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING spatial(a)')", "PRAGMA writable_schema = RESET")
	w.Must(conn.Close())
	w.Must(w.DB.Exec("CREATE TABLE plain (id integer PRIMARY KEY)").Error) // what is known of the schema is looked at anew
	w.Must(w.DB.Table("plain").Create(map[string]any{"id": 5}).Error)
	w.Must(w.DB.Delete(&world.Realm{ID: 1}).Error)
	w.Drain()
	w.WantDifferences()
}

// TestCascades_attachedUnseen: a transaction does not look at another file that is
// attached, of which it would keep what it has seen.
func TestCascades_attachedUnseen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(name string) string {
		return filepath.Join(dir, name) + "?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)"
	}
	other := world.OpenDSN(t, "sqlite", open("other.db"), nil)
	w := world.New(t, world.Setup{Dialect: "sqlite", DSN: open("main.db"), Models: []any{&world.Pin{}}, Tracked: []any{&world.Pin{}}})
	w.Must(other.Exec("CREATE TABLE logs (id integer PRIMARY KEY, line text)").Error)
	w.OneConnection()
	w.Must(w.DB.Exec("ATTACH ? AS other", filepath.Join(dir, "other.db")).Error)
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
		w.Must(tx.Create(&world.Pin{ID: 1, CreatedAt: world.At(1)}).Error)
		w.Must(other.Exec("INSERT INTO logs (line) VALUES ('theirs')").Error)
		return tx.Exec("INSERT INTO other.logs (line) VALUES ('ours')").Error
	}))
}

// Mood's key is of a type that does not read every text.
type Mood struct {
	ID        uint
	Kind      string `gorm:"type:mood"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=room:{Kind}"`
}

// Jotting has keys of the same form.
type Jotting struct {
	ID        uint
	Room      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=room:{Room}"`
}

// TestVerify_otherTypes: a key of one model may be none that another's column reads.
func TestVerify_otherTypes(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	if err := world.OpenDSN(t, "postgres", dsn, nil).Exec("CREATE TYPE mood AS ENUM ('sad', 'glad')").Error; err != nil {
		t.Fatal(err)
	}
	models := []any{&Mood{}, &Jotting{}}
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: models, Tracked: models})
	w.Must(w.DB.Create(&[]Jotting{{ID: 1, Room: "foo", CreatedAt: world.At(1)}, {ID: 2, Room: "sad", CreatedAt: world.At(2)}}).Error)
	w.Must(w.DB.Create(&Mood{ID: 1, Kind: "sad", CreatedAt: world.At(3)}).Error)
	w.WantIDs("room:sad", "moods:1", "jottings:2")
	w.Drain()
	w.WantDifferences()
	w.Apply("room:foo", timak.Remove("jottings:1"))
	w.WantDifferences("room:foo: jottings:1 missing")
}
