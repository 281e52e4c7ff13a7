package outbox_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// tables returns timak's own tables, each with its columns.
func tables(w *world.World) map[string][]string {
	w.Helper()
	names, err := w.DB.Migrator().GetTables()
	w.Must(err)
	tables := map[string][]string{}
	for _, name := range names {
		if !strings.HasPrefix(name, "timak_") || name == "timak_migrations" {
			continue
		}
		columns, err := w.DB.Migrator().ColumnTypes(name)
		w.Must(err)
		for _, column := range columns {
			tables[name] = append(tables[name], column.Name())
		}
	}
	return tables
}

var tablesWanted = map[string][]string{
	"timak_outbox": {"id", "version", "tbl", "pk", "old", "new", "attempts", "run_at", "error", "progress", "claim"}, // and xid on Postgres
	"timak_dead":   {"id", "version", "tbl", "pk", "old", "new", "error", "died_at"},
	"timak_clock":  {"one", "high"},
	"timak_marks":  {"id", "mark", "lost_at", "renewed_at", "rebuild_until", "rebuild_from"},
}

func wantTables(w *world.World, about string, want map[string][]string) {
	w.Helper()
	if w.Dialect == "postgres" && want["timak_outbox"] != nil {
		want = maps.Clone(want)
		want["timak_outbox"] = slices.Insert(slices.Clone(want["timak_outbox"]), slices.Index(want["timak_outbox"], "progress"), "xid")
	}
	if diff := cmp.Diff(want, tables(w)); diff != "" {
		w.Errorf("tables after %s (-want +got)\n%s", about, diff)
	}
}

// wantWorks takes a post through the outbox, as a change and as a dead letter.
func wantWorks(w *world.World, about string) {
	w.Helper()
	post := world.Post{AuthorID: 1, Published: true}
	w.Must(w.DB.Create(&post).Error)
	if w.Outbox() != 1 {
		w.Errorf("after %s: got %d rows in the outbox, want 1", about, w.Outbox())
	}
	w.WantIDs("author:1:posts", fmt.Sprint("posts:", post.ID))
	w.Must(w.DB.Model(&post).Update("title", strings.Repeat("too much data", 10_000)).Error)
	w.Drain()
	if w.Outbox() != 0 || w.Dead() != 1 {
		w.Errorf("after %s: got %d rows in the outbox and %d dead letters, want 0 and 1", about, w.Outbox(), w.Dead())
	}
	w.Must(w.DB.Delete(&post).Error)
	w.WantIDs("author:1:posts")
	w.Must(w.DB.Exec("DELETE FROM timak_dead").Error)
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		none := map[string][]string{}
		wantTables(w, "up", tablesWanted)
		wantWorks(w, "up")
		w.Must(timakgorm.Migrate(t.Context(), w.DB))
		wantTables(w, "up, up", tablesWanted)
		w.Must(timakgorm.MigrateDown(t.Context(), w.DB))
		wantTables(w, "down", none)
		err := w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error
		if want := "(did timakgorm.Migrate run?)"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("create without an outbox: got %v, want an error with %q", err, want)
		}
		w.Must(timakgorm.MigrateDown(t.Context(), w.DB))
		wantTables(w, "down, down", none)
		w.Must(timakgorm.Migrate(t.Context(), w.DB))
		wantTables(w, "up again", tablesWanted)
		wantWorks(w, "up again")
	})
}

// steps returns the files of one direction, in the order of their numbers.
func steps(t *testing.T, dialect, direction string) []string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, dialect+"/*."+direction+".sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, dialect+"/")
	}
	slices.Sort(names)
	return names
}

// The files are what other tools run: golang-migrate reads NNNN_name.up.sql and
// NNNN_name.down.sql.
func TestMigrations_files(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.up\.sql$`)
	for _, dialect := range world.Dialects {
		ups, downs := steps(t, dialect, "up"), steps(t, dialect, "down")
		for i, up := range ups {
			match := pattern.FindStringSubmatch(up)
			if match == nil || match[1] != fmt.Sprintf("%04d", i+1) {
				t.Errorf("%s: got %q, want %04d_name.up.sql", dialect, up, i+1)
			}
			if down := strings.Replace(up, ".up.", ".down.", 1); !slices.Contains(downs, down) {
				t.Errorf("%s: %s has no %s", dialect, up, down)
			}
		}
		all, err := fs.Glob(migrations.FS, dialect+"/*")
		if err != nil || len(all) != len(ups)+len(downs) || len(ups) != len(downs) {
			t.Errorf("%s: got the files %v (%v), want pairs of up and down", dialect, all, err)
		}
	}
}

// The files do by hand what Migrate does.
func TestMigrations_byHand(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Must(timakgorm.MigrateDown(t.Context(), w.DB))
		plain, err := w.DB.DB()
		w.Must(err)
		run := func(names []string) {
			t.Helper()
			for _, name := range names {
				text, err := migrations.FS.ReadFile(dialect + "/" + name)
				w.Must(err)
				if _, err := plain.ExecContext(t.Context(), string(text)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		for range 2 {
			run(steps(t, dialect, "up"))
			wantTables(w, "up", tablesWanted)
			wantWorks(w, "up")
			downs := steps(t, dialect, "down")
			slices.Reverse(downs)
			run(downs)
			wantTables(w, "down", map[string][]string{})
		}
	})
}

// Several processes start at once, with a new database and with one that lacks
// a step.
func TestMigrate_atOnce(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		dsn := world.NewDSN(t, dialect)
		dbs := make([]*gorm.DB, 6)
		for i := range dbs {
			dbs[i] = world.OpenDSN(t, dialect, dsn, nil)
		}
		rounds := 2 // a second each, which they wait for the lock
		if dialect == "sqlite" {
			rounds = 20
		}
		for round := range rounds {
			errs := make([]error, len(dbs))
			start := make(chan struct{})
			var workers sync.WaitGroup
			for i, db := range dbs {
				workers.Go(func() {
					<-start
					errs[i] = timakgorm.Migrate(t.Context(), db)
				})
			}
			close(start)
			workers.Wait()
			if err := errors.Join(append(errs, timakgorm.MigrateDown(t.Context(), dbs[0]))...); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}

// A pool of one connection is enough, as databases in memory have it.
func TestMigrate_oneConnection(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		db := world.OpenDB(t, dialect, nil)
		plain, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		plain.SetMaxOpenConns(1)
		if err := timakgorm.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := timakgorm.MigrateDown(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMigrate_otherDatabase(t *testing.T) {
	t.Parallel()
	db := world.OpenDB(t, "sqlite", nil)
	db.Dialector = world.OtherDatabase{Dialector: db.Dialector}
	for _, migrate := range []error{timakgorm.Migrate(t.Context(), db), timakgorm.MigrateDown(t.Context(), db)} {
		const want = `timakgorm: database "mysql" is not supported: expected postgres or sqlite`
		if migrate == nil || migrate.Error() != want {
			t.Errorf("got %v, want %s", migrate, want)
		}
	}
}
