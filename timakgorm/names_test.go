package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// Permit is a row of a table by whose name a session may find another.
type Permit struct {
	ID        uint
	HallID    uint
	Code      string `gorm:"uniqueIndex:,composite:code"`
	Seen      int
	Fee       float64
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=hall:{HallID}; data=Code,Fee"`
}

// permitSchemas are two schemas beside public, each with permits of its own: one in
// which a session strays, and its twin, which is written without the plugin.
const permitSchemas = `CREATE SCHEMA acme; CREATE SCHEMA twin;
CREATE TABLE acme.permits (LIKE permits INCLUDING ALL); CREATE TABLE twin.permits (LIKE permits INCLUDING ALL);
CREATE SEQUENCE acme.ids START 100; ALTER TABLE acme.permits ALTER id SET DEFAULT nextval('acme.ids');
CREATE SEQUENCE twin.ids START 100; ALTER TABLE twin.permits ALTER id SET DEFAULT nextval('twin.ids');
INSERT INTO acme.permits (id, hall_id, code, seen, fee, created_at) VALUES (1, 7, 'a1', 0, 0.1, '2026-01-01 00:00:01+00'), (2, 7, 'a2', 0, 0.1, '2026-01-01 00:00:02+00'), (9, 8, 'a9', 0, 0.1, '2026-01-01 00:00:09+00');
INSERT INTO twin.permits SELECT * FROM acme.permits;
CREATE FUNCTION go_to(schema text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('search' || '_path', schema, true) $$;`

// permitWrites write the table that the name permits means.
var permitWrites = []operation{
	{"create", func(db *gorm.DB) error {
		return db.Create(&Permit{ID: 4, HallID: 7, Code: "x", CreatedAt: at(4)}).Error
	}},
	{"create a row that the tracked table has", func(db *gorm.DB) error {
		return db.Create(&Permit{ID: 3, HallID: 7, Code: "x", CreatedAt: at(4)}).Error
	}},
	{"create, the key made", func(db *gorm.DB) error { return db.Create(&Permit{HallID: 7, Code: "x", CreatedAt: at(4)}).Error }},
	{"create many", func(db *gorm.DB) error {
		return db.Create(&[]Permit{{HallID: 7, Code: "x", CreatedAt: at(4)}, {ID: 3, HallID: 7, Code: "y", CreatedAt: at(4)}}).Error
	}},
	{"create a map", func(db *gorm.DB) error {
		return db.Model(&Permit{}).Create(map[string]any{"ID": 3, "HallID": 7, "Code": "x", "CreatedAt": at(4)}).Error
	}},
	{"update", func(db *gorm.DB) error { return db.Model(&Permit{ID: 1}).Update("hall_id", 8).Error }},
	{"update many", func(db *gorm.DB) error { return db.Model(&Permit{}).Where("id > 0").Update("hall_id", 9).Error }},
	{"update what no rule names", func(db *gorm.DB) error { return db.Model(&Permit{}).Where("id > 0").Update("seen", 5).Error }},
	{"update the key", func(db *gorm.DB) error { return db.Model(&Permit{}).Where("id = 1").Update("id", 3).Error }},
	{"update what is not there", func(db *gorm.DB) error { return db.Model(&Permit{ID: 3}).Update("hall_id", 8).Error }},
	{"save", func(db *gorm.DB) error { return db.Save(&Permit{ID: 1, HallID: 8, Code: "x", CreatedAt: at(4)}).Error }},
	{"save a new one", func(db *gorm.DB) error { return db.Save(&Permit{ID: 3, HallID: 8, Code: "x", CreatedAt: at(4)}).Error }},
	{"delete", func(db *gorm.DB) error { return db.Delete(&Permit{ID: 1}).Error }},
	{"delete many", func(db *gorm.DB) error { return db.Where("hall_id = 7").Delete(&Permit{}).Error }},
	{"upsert", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Permit{
			{ID: 1, HallID: 8, Code: "x", CreatedAt: at(4)}, {ID: 3, HallID: 8, Code: "y", CreatedAt: at(5)},
		}).Error
	}},
	{"upsert by a code", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "code"}}, DoUpdates: clause.AssignmentColumns([]string{"hall_id"})}).
			Create(&Permit{HallID: 8, Code: "a1", CreatedAt: at(4)}).Error
	}},
	{"upsert that does nothing", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Permit{
			{ID: 1, HallID: 8, Code: "x", CreatedAt: at(4)}, {ID: 3, HallID: 8, Code: "y", CreatedAt: at(5)},
		}).Error
	}},
	{"first or create", func(db *gorm.DB) error {
		return db.Where("code = ?", "n").Attrs(Permit{HallID: 7, Code: "n", CreatedAt: at(4)}).FirstOrCreate(&Permit{}).Error
	}},
	{"raw", func(db *gorm.DB) error {
		const update = "UPDATE permits SET hall_id = 8 WHERE id = 1"
		if len(db.Plugins) == 0 {
			return db.Exec(update).Error
		}
		return timakgorm.Exec(db, timakgorm.Rows(&Permit{}, "id > 0"), update)
	}},
	{"raw, touched", func(db *gorm.DB) error {
		err := timakgorm.Unwatched(db).Exec("UPDATE permits SET hall_id = 8 WHERE id = 1").Error
		if err != nil || len(db.Plugins) == 0 {
			return err
		}
		return timakgorm.Touch(db, &Permit{}, "id > 3") // what is touched is recorded
	}},
}

// permitPaths are ways for a session to come to find permits in the schema %[1]s.
var permitPaths = map[string]func(db *gorm.DB, schema string) error{
	"set local": func(db *gorm.DB, schema string) error {
		return db.Exec("SET LOCAL search_path = " + schema + ", public").Error
	},
	"a path without public": func(db *gorm.DB, schema string) error { return db.Exec("set local search_path to " + schema).Error },
	"set schema":            func(db *gorm.DB, schema string) error { return db.Exec("SET LOCAL SCHEMA '" + schema + "'").Error },
	"a setting": func(db *gorm.DB, schema string) error {
		return db.Raw("SELECT set_config(?, ?, true)", "search_path", schema+",public").Scan(new(string)).Error
	},
	"a function": func(db *gorm.DB, schema string) error {
		return db.Raw("SELECT go_to(?)", schema+", public").Scan(new(string)).Error
	},
	"behind GORM": func(db *gorm.DB, schema string) error {
		_, err := db.Statement.ConnPool.ExecContext(context.Background(), "SET LOCAL search_path = "+schema+", public")
		return err
	},
	"a temporary table": func(db *gorm.DB, _ string) error {
		for _, statement := range temporaryPermits {
			if err := timakgorm.Unwatched(db).Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	},
	"a temporary table, made behind GORM": func(db *gorm.DB, _ string) error {
		for _, statement := range temporaryPermits {
			if _, err := db.Statement.ConnPool.ExecContext(context.Background(), statement); err != nil {
				return err
			}
		}
		return nil
	},
}

var temporaryPermits = []string{
	"CREATE TEMP TABLE permits (LIKE public.permits INCLUDING ALL) ON COMMIT DROP",
	"CREATE TEMP SEQUENCE ids START 100", "ALTER TABLE pg_temp.permits ALTER id SET DEFAULT nextval('pg_temp.ids')",
	"INSERT INTO pg_temp.permits SELECT * FROM twin.permits",
}

var errUndone = errors.New("undo")

// permits is what the name permits means in a session, row by row.
func permits(db *gorm.DB) (string, error) {
	var rows []Permit
	err := db.Order("id").Find(&rows).Error
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintln(&b, row.ID, row.HallID, row.Code, row.Seen, row.CreatedAt.UTC())
	}
	return b.String(), err
}

// permitWorld has permits in public, and those of others beside it.
func permitWorld(t *testing.T, by timakgorm.Capture, options *timakgorm.Options) *world {
	w := worldBy(t, by, setup{dialect: "postgres", models: []any{&Permit{}}, tracked: []any{&Permit{}}, options: options})
	_, err := w.stranger().ExecContext(t.Context(), permitSchemas)
	w.must(err)
	w.must(w.db.Create(&[]Permit{{ID: 1, HallID: 1, Code: "p1", CreatedAt: at(1)}, {ID: 2, HallID: 1, Code: "p2", CreatedAt: at(2)}, {ID: 3, HallID: 1, Code: "p3", CreatedAt: at(3)}}).Error)
	w.wantIDs("hall:1", "permits:3", "permits:2", "permits:1")
	return w
}

// TestNames: what a session writes by the name of a tracked table, but finds
// elsewhere, is written as without the plugin, and no timeline takes notice; what
// it writes in the tracked table it has to name with its schema, and is followed.
func TestNames(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		for way, stray := range permitPaths {
			t.Run(way, func(t *testing.T) {
				t.Parallel()
				w := permitWorld(t, by, nil)
				plain := openDSN(t, "postgres", w.dsn, nil)
				for _, write := range permitWrites {
					w.must(plain.Exec("SELECT setval('acme.ids', 100, false), setval('twin.ids', 100, false)").Error)
					var want, got string
					w.must(undone(plain, func(tx *gorm.DB) error {
						err := errors.Join(permitPaths["set local"](tx, "twin"), write.run(tx))
						if err == nil {
							want, err = permits(tx)
						}
						return err
					}))
					err := undone(w.db, func(tx *gorm.DB) error {
						err := firstError(stray(tx, "acme"), func() error { return write.run(tx) })
						if err == nil {
							got, err = permits(tx)
						}
						return errors.Join(err, w.nothingWaits(tx))
					})
					if err != nil {
						t.Errorf("%s: %v", write.name, err)
						continue
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-without the plugin +with it):\n%s", write.name, diff)
					}
				}
				w.wantIDs("hall:1", "permits:3", "permits:2", "permits:1")
				w.must(w.db.Transaction(func(tx *gorm.DB) error {
					w.must(stray(tx, "acme"))
					return errors.Join(tx.Table("public.permits").Create(&Permit{ID: 5, HallID: 1, Code: "p5", CreatedAt: at(5)}).Error,
						tx.Table("public.permits").Where("id = 1").Update("hall_id", 2).Error,
						tx.Table("public.permits AS t").Where("t.id = 2").Delete(&Permit{}).Error,
						timakgorm.Exec(tx, timakgorm.Rows(&Permit{}, "id > 0"), "UPDATE public.permits SET hall_id = 2 WHERE id = 3"))
				}))
				w.wantIDs("hall:1", "permits:5")
				w.wantIDs("hall:2", "permits:3", "permits:1")
				w.wantDifferences()
				if w.dead() > 0 {
					t.Error("there are dead letters")
				}
			})
		}
	})
}

// undone runs a write in a transaction that is rolled back.
func undone(db *gorm.DB, write func(tx *gorm.DB) error) error {
	err := db.Transaction(func(tx *gorm.DB) error { return errors.Join(write(tx), errUndone) })
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 && errors.Is(err, errUndone) {
		return nil
	}
	return err
}

// nothingWaits looks for changes in the outbox.
func (w *world) nothingWaits(tx *gorm.DB) error {
	var n int64
	if err := tx.Table("public.timak_outbox").Count(&n).Error; err != nil || n == 0 {
		return err
	}
	return fmt.Errorf("%d changes are recorded", n)
}
