package timakgorm_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// TestCascades_saveOfParent: to save a parent whose key stays as it is locks no more
// of it than the database does, so that two which have made children of it do not
// wait for each other.
func TestCascades_saveOfParent(t *testing.T) {
	t.Parallel()
	w, _ := atlasWorld(t, "postgres", "")
	var group, made sync.WaitGroup
	made.Add(2)
	errs := make([]error, 2)
	for i := range errs {
		group.Go(func() {
			errs[i] = w.db.Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&Spot{ID: uint(200 + i), RealmCode: new("a"), CreatedAt: at(i)}).Error
				made.Done()
				made.Wait()
				return firstError(err, func() error { return tx.Save(&Realm{ID: 1, Code: "a", Name: "new"}).Error })
			})
		})
	}
	group.Wait()
	w.must(errors.Join(errs...))
	w.drain()
	w.wantDifferences()
}

// TestCascades_afterComment: a comment at the end of the user's conditions hides none
// of our locks.
func TestCascades_afterComment(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(db *gorm.DB) error{
		"delete of a parent": func(db *gorm.DB) error {
			deleted := db.Where("id = 1 -- why").Delete(&Realm{})
			if deleted.Error == nil && deleted.RowsAffected != 1 {
				return errors.New("the realm is still there")
			}
			return deleted.Error
		},
		"update of a row": func(db *gorm.DB) error { return db.Model(&Spot{}).Where("id = 13 -- why").Update("zone_id", 1).Error },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := atlasWorld(t, "postgres", "")
			first := w.db.Begin()
			w.must(first.Model(&Realm{}).Where("id = 1").Update("name", "other").Error)
			w.must(first.Model(&Spot{}).Where("id = 13").Update("zone_id", 2).Error)
			second := w.db.Begin()
			done := make(chan error, 1)
			go func() { done <- change(second) }()
			w.awaitWaiter()
			w.must(first.Commit().Error)
			w.must(<-done)
			w.drain()
			w.must(second.Commit().Error)
			w.drain()
			w.wantDifferences()
		})
	}
}

// awaitWaiter waits until somebody waits for a lock.
func (w *world) awaitWaiter() {
	w.Helper()
	db := openDSN(w.TB, w.dialect, w.dsn, nil)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var n int64
		w.must(db.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n).Error)
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
	onBoth(t, func(t *testing.T, dialect string) {
		w, _ := atlasWorld(t, dialect, enforcedOn(dialect))
		w.must(w.db.Table("realms").Where("id = 1").UpdateColumn("code", gorm.Expr("code || 'x' --")).Error)
		w.drain()
		w.wantDifferences()
		err := w.db.Table("realms").Where("id = 1").UpdateColumn("code", gorm.Expr("code || 'y' /*")).Error
		if !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("a comment without an end: got %v, want ErrUncaptured", err)
		}
		w.drain()
		w.wantDifferences()
	})
}

func enforcedOn(dialect string) string {
	if dialect == "sqlite" {
		return enforced
	}
	return ""
}

// TestCascades_withoutModule: a virtual table whose module is not there stops no
// write.
func TestCascades_withoutModule(t *testing.T) {
	t.Parallel()
	w, _ := atlasWorld(t, "sqlite", enforced)
	pool, err := w.db.DB()
	w.must(err)
	conn, err := pool.Conn(t.Context())
	w.must(err)
	w.script(conn, "PRAGMA writable_schema = ON",
		"INSERT INTO sqlite_master VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING spatial(a)')", "PRAGMA writable_schema = RESET")
	w.must(conn.Close())
	w.must(w.db.Exec("CREATE TABLE plain (id integer PRIMARY KEY)").Error) // what is known of the schema is looked at anew
	w.must(w.db.Table("plain").Create(map[string]any{"id": 5}).Error)
	w.must(w.db.Delete(&Realm{ID: 1}).Error)
	w.drain()
	w.wantDifferences()
}

// TestCascades_attachedUnseen: a transaction does not look at another file that is
// attached, of which it would keep what it has seen.
func TestCascades_attachedUnseen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(name string) string {
		return filepath.Join(dir, name) + "?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)"
	}
	other := openDSN(t, "sqlite", open("other.db"), nil)
	w := newWorld(t, setup{dialect: "sqlite", dsn: open("main.db"), models: []any{&Pin{}}, tracked: []any{&Pin{}}})
	w.must(other.Exec("CREATE TABLE logs (id integer PRIMARY KEY, line text)").Error)
	w.oneConnection()
	w.must(w.db.Exec("ATTACH ? AS other", filepath.Join(dir, "other.db")).Error)
	w.must(w.db.Transaction(func(tx *gorm.DB) error {
		w.must(tx.Create(&Pin{ID: 1, CreatedAt: at(1)}).Error)
		w.must(other.Exec("INSERT INTO logs (line) VALUES ('theirs')").Error)
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
	dsn := newDSN(t, "postgres")
	if err := openDSN(t, "postgres", dsn, nil).Exec("CREATE TYPE mood AS ENUM ('sad', 'glad')").Error; err != nil {
		t.Fatal(err)
	}
	models := []any{&Mood{}, &Jotting{}}
	w := newWorld(t, setup{dialect: "postgres", dsn: dsn, models: models, tracked: models})
	w.must(w.db.Create(&[]Jotting{{ID: 1, Room: "foo", CreatedAt: at(1)}, {ID: 2, Room: "sad", CreatedAt: at(2)}}).Error)
	w.must(w.db.Create(&Mood{ID: 1, Kind: "sad", CreatedAt: at(3)}).Error)
	w.wantIDs("room:sad", "moods:1", "jottings:2")
	w.drain()
	w.wantDifferences()
	w.apply("room:foo", timak.Remove("jottings:1"))
	w.wantDifferences("room:foo: jottings:1 missing")
}
