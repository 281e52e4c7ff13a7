package timakgorm_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Essay is the model of the files in testdata. Each was made by the engine and the boltstore
// of a commit: layout1 by aa04828, layout2 by db7a28f, layout3-shared-records by 235a503,
// whose store wrote a record beside others of its page, and layout3 by 3ba717f. They hold
// the timeline author:1:posts, in two siblings: the posts 2, 3 and 5 to 40, at
// upgradeVersion, and the removal of post 4; and author:3:posts with post 50, of which there
// is no row.
type Essay struct {
	ID        uint
	AuthorID  uint
	Title     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; data=Title"`
}

// TableName implements schema.Tabler.
func (Essay) TableName() string { return "posts" }

const upgradeVersion = 1_790_000_000_000_000

// essay returns a row as the files' timelines have it.
func essay(id, author uint) Essay {
	at := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(id) * time.Hour)
	return Essay{ID: id, AuthorID: author, Title: fmt.Sprintf("t%d", id), CreatedAt: at}
}

// image returns the image of a row as it waits in the outbox.
func (e Essay) image() string {
	return fmt.Sprintf(`{"id":%d,"author_id":%d,"title":%q,"created_at":%q}`, e.ID, e.AuthorID, e.Title, e.CreatedAt.Format("2006-01-02T15:04:05.000000+00:00"))
}

// TestUpgrade upgrades a database from each step that was ever landed, with changes that wait
// and a dead letter in its tables, and a store with values of each layout and records of
// each form. Nothing is lost, and what is done afterwards counts as later.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.db.gz")
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, dialect := range world.Dialects {
		steps, err := migrations.Steps(dialect)
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range steps {
			file := files[i%len(files)]
			t.Run(fmt.Sprintf("%s/%d/%s", dialect, step.Version, filepath.Base(file)), func(t *testing.T) {
				t.Parallel()
				upgrade(t, dialect, step.Version, file)
			})
		}
	}
}

// upgrade upgrades a database from one step, and a store from one file.
func upgrade(t *testing.T, dialect string, from int64, file string) {
	t.Helper()
	dsn := world.NewDSN(t, dialect)
	before := world.OpenDSN(t, dialect, dsn, nil)
	migrateTo(t, dialect, before, from)
	leave(t, before)

	w := upgraded(t, dialect, dsn, file)
	letters, err := w.Plugin.DeadLetters(t.Context(), timakgorm.DeadLetterQuery{})
	w.Must(err)
	if len(letters) != 1 || string(letters[0].PK) != "[4]" || letters[0].Error != "why" {
		t.Fatalf("dead letters: %v", letters)
	}
	w.Must(w.Plugin.Retry(t.Context(), letters[0].ID))
	w.Drain()
	w.WantIDs("author:2:posts", "posts:2")
	w.WantIDs("author:1:posts", essayIDs(40, 4, 1)...)
	w.WantIDs("author:3:posts", "posts:50")
	wantClean(w)

	w.Must(w.DB.Model(&Essay{ID: 5}).Update("title", "changed").Error)
	w.Must(w.DB.Model(&Essay{ID: 1}).Update("author_id", 2).Error)
	w.Must(w.DB.Delete(&Essay{}, 40).Error)
	w.Drain()
	w.WantIDs("author:1:posts", essayIDs(39, 4)...)
	w.WantIDs("author:2:posts", "posts:2", "posts:1")
	wantClean(w)
	report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:3:posts"}})
	w.Must(err)
	if !report.Clean() || report.Extra != 1 {
		t.Errorf("the item without a row: %+v", report)
	}
	w.WantIDs("author:3:posts")
}

// essayIDs returns the ids of posts from one number down to another, and more.
func essayIDs(from, to int, more ...int) (ids []string) {
	for i := from; i >= to; i-- {
		ids = append(ids, fmt.Sprintf("posts:%d", i))
	}
	for _, i := range more {
		ids = append(ids, fmt.Sprintf("posts:%d", i))
	}
	return ids
}

func wantClean(w *world.World) {
	w.Helper()
	report, err := w.Plugin.Verify(w.Context(), timakgorm.VerifyOptions{})
	w.Must(err)
	if !report.Clean() {
		w.Errorf("timelines and tables differ: %v", report.Differences)
	}
}

// migrateTo takes the steps up to a version, as Migrate of that release did.
func migrateTo(t *testing.T, dialect string, db *gorm.DB, version int64) {
	t.Helper()
	files, err := migrations.Steps(dialect)
	if err != nil {
		t.Fatal(err)
	}
	var steps []*goose.Migration
	for _, file := range files {
		steps = append(steps, goose.NewGoMigration(file.Version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, file.Up)
			return err
		}}, nil))
	}
	plain, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]goose.Dialect{"postgres": goose.DialectPostgres, "sqlite": goose.DialectSQLite3}
	provider, err := goose.NewProvider(names[dialect], plain, nil, goose.WithTableName("timak_migrations"),
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(steps...), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// leave leaves what a program of an earlier release leaves when it is stopped: rows whose
// changes wait, and a dead letter.
func leave(t *testing.T, db *gorm.DB) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.AutoMigrate(&Essay{}))
	rows := []Essay{essay(1, 1), essay(2, 2), essay(4, 1)}
	for id := uint(5); id <= 40; id++ {
		rows = append(rows, essay(id, 1))
	}
	must(db.Create(&rows).Error)
	record := "INSERT INTO timak_outbox (version, tbl, pk, old, new) VALUES (?, 'posts', ?, ?, ?)"
	must(db.Exec(record, upgradeVersion+10, "[1]", nil, essay(1, 1).image()).Error)
	must(db.Exec(record, upgradeVersion+12, "[2]", essay(2, 1).image(), essay(2, 2).image()).Error)
	must(db.Exec(record, upgradeVersion+14, "[3]", essay(3, 1).image(), nil).Error)
	must(db.Exec("INSERT INTO timak_dead (id, version, tbl, pk, old, new, error) VALUES (1000, ?, 'posts', '[4]', NULL, ?, 'why')",
		upgradeVersion+16, essay(4, 1).image()).Error)
	must(db.Exec("UPDATE timak_clock SET high = ?", upgradeVersion+8).Error)
}

// upgraded starts the program of this release, with a store from a file.
func upgraded(t *testing.T, dialect, dsn, file string) *world.World {
	t.Helper()
	path := filepath.Join(t.TempDir(), "timelines.db")
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := &world.World{TB: t, Dialect: dialect, DSN: dsn, Timelines: timak.New(store, nil)}
	w.DB = world.OpenDSN(t, dialect, dsn, nil)
	w.Must(timakgorm.Migrate(t.Context(), w.DB))
	w.Plugin, err = timakgorm.New(w.Timelines, &timakgorm.Options{Logger: slog.New(slog.DiscardHandler)})
	w.Must(err)
	w.Must(w.Plugin.Register(&Essay{}))
	w.Must(w.DB.Use(w.Plugin))
	return w
}

// TestUpgradeFile: UPGRADE.md tells of each step.
func TestUpgradeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../UPGRADE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range world.Dialects {
		steps, err := migrations.Steps(dialect)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			if name := fmt.Sprintf("%s/%04d", dialect, step.Version); !bytes.Contains(text, []byte(name)) {
				t.Errorf("UPGRADE.md does not tell of %s", name)
			}
		}
	}
}
